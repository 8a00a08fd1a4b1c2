"""Marts of a source that is read by a recipe agree with plain SQL on that source."""

import subprocess
import sys
from pathlib import Path

import pytest
from chatwoot import Chatwoot, texts
from postgresql import Server

from ingestion.settings import PROJECT_ROOT

READ = "not private and message_type <> 2"
CONVERSATIONS = """count(*), count(*) filter (where status = 1), count(*) filter (where status <> 1),
    count(distinct contact_id)"""
MESSAGES = """count(*), count(*) filter (where sender_type = 'Contact'), count(*) filter (where sender_type = 'User'),
    count(*) filter (where sender_type in ('AgentBot', 'Captain::Assistant'))"""
OUTLET = "'chatwoot:' || c.account_id, 'chatwoot:' || c.inbox_id"
OF_CONVERSATIONS = "from messages as m inner join conversations as c on c.id = m.conversation_id"
COUNTED = "total_conversations, resolved_conversations, active_conversations, distinct_customers"

# What a mart has, and the same from Chatwoot.
MARTS = {
    f"select tenant_key, outlet_id, period_start_date, {COUNTED} from marts.conversations_daily"
    " where total_conversations > 0": f"""
        select {OUTLET}, c.created_at::date, {CONVERSATIONS} from conversations as c group by 1, 2, 3""",
    f"select tenant_key, outlet_id, period_start_date, {COUNTED} from marts.conversations_monthly"
    " where total_conversations > 0": f"""
        select {OUTLET}, date_trunc('month', c.created_at)::date, {CONVERSATIONS}
        from conversations as c group by 1, 2, 3""",
    "select tenant_key, outlet_id, period_start_date, total_messages, customer_messages, agent_messages, llm_messages"
    " from marts.messages_daily where total_messages > 0": f"""
        select {OUTLET}, m.created_at::date, {MESSAGES} {OF_CONVERSATIONS} where {READ} group by 1, 2, 3""",
    "select tenant_key, sum(total_llm_calls) from marts.costs_weekly group by tenant_key": f"""
        select 'chatwoot:' || c.account_id, count(*) {OF_CONVERSATIONS}
        where {READ} and sender_type in ('AgentBot', 'Captain::Assistant') group by 1""",
    "select tenant_key, tenant_name, total_conversations, resolved_conversations, total_messages"
    " from marts.tenant_summary": f"""
        select 'chatwoot:' || a.id, a.name, (select count(*) from conversations as c where c.account_id = a.id),
            (select count(*) from conversations as c where c.account_id = a.id and status = 1),
            (select count(*) {OF_CONVERSATIONS} where c.account_id = a.id and {READ})
        from accounts as a""",
}


@pytest.mark.slow
def test_marts_of_chatwoot_are_what_plain_sql_finds_in_it(
    tmp_path: Path, postgresql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatwoot = Chatwoot(tmp_path, postgresql_server)
    monkeypatch.setenv("CHATWOOT_URL", chatwoot.database)
    chatwoot.populate()
    chatwoot.extract()
    chatwoot.export_settings(monkeypatch)
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.setenv(name, str(tmp_path / "dbt"))
    options = ["--quiet", "--select", "+path:models/marts/whatsapp", "--exclude-resource-type", "unit_test"]
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "orchestration",
            "dbt",
            "build",
            *options,
            "--vars",
            "as_of: '2026-05-01T06:00:00+00:00'",
        ],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    for ours, theirs in MARTS.items():
        expected = chatwoot.server.sql(theirs, url=chatwoot.database)
        assert sorted(map(texts, chatwoot.query(ours))) == sorted(map(texts, expected)) != [], ours
