"""The sandbox's source under other names, which a mapping brings back."""

import re

from sandbox import Sandbox

from ingestion.settings import Settings

THEIRS = {
    "tenants": "accounts",
    "conversations": "chats",
    "messages": "Notes of chats",
    "id": "number",
    "tenant_id": "account",
    "conversation_id": "chat",
    "customer_phone": "contact",
    "status": "state",
    "started_at": "begun",
    "last_message_at": "touched",
    "content": "body",
    "metadata": "annex",
}
"""Our tables and columns, and what the source calls them."""

SOURCES = """
whatsapp:
  kind: whatsapp
  url: URL
  tables:
    tenants: {table: accounts, columns: {id: number}}
    outlets: {columns: {id: number, tenant_id: account}}
    conversations:
      table: chats
      columns:
        id: number
        tenant_id: account
        customer_phone: contact
        status: {from: state, values: {active: active, resolved: resolved, handed_off: handed_off}}
        started_at: begun
        last_message_at: touched
    messages:
      table: Notes of chats
      columns: {id: number, conversation_id: chat, content: body, metadata: annex}
"""


class RenamedSandbox(Sandbox):
    """A sandbox whose statements on the source are in our names, and whose source has none of them."""

    def settings(self) -> Settings:
        file = self.folder / "sources.yml"
        if not file.exists():
            file.write_text(SOURCES.replace("URL", self.url), encoding="utf-8")
        return super().settings()

    def sql(self, *statements: str) -> None:
        super().sql(*map(_renamed, statements))

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return super().rows(_renamed(sql))


def _renamed(sql: str) -> str:
    """A statement with the source's names in the place of ours, but for what stands between quotes."""
    parts = re.split(r"('(?:[^']|'')*')", sql)
    return "".join(part if i % 2 else _OURS.sub(lambda m: f'"{THEIRS[m[0]]}"', part) for i, part in enumerate(parts))


_OURS = re.compile(rf"\b({'|'.join(THEIRS)})\b")
