"""One stretch of a WhatsApp conversation: customer turns, answers, handoffs.

Belongs here: who says what and when. Not here: conversations and their state (whatsapp.py).
"""

from random import Random
from typing import NamedTuple

CUSTOMER_LINES = (
    "Hi! Are you open today?",
    "Where is my order?",
    "Can I change the delivery address?",
    "How much is shipping, roughly?",
    "¿Tienen mesa para cuatro esta noche?",
    "Das Paket ist noch nicht angekommen.",
    "मेरा ऑर्डर कब आएगा?",
    "Thanks 🙏",
    'It says "out of stock", is that right?',
    "Yes, please",
    "No, the other one",
    "Two of them\nand one small, please",
)
HUMAN_LINES = (
    "I want to talk to a human",
    "Agent please",
    "Can a person call me?",
    "Hello? Anyone there?",
)
LLM_LINES = (
    "Hello! How can I help you today?",
    "Your order is on its way and should arrive tomorrow.",
    "We are open from 9:00 to 18:00.",
    "I have changed the address for you.",
    "Shipping is free above 50.",
    "Let me check that for you.",
    "Ich habe das für Sie nachgesehen.",
    "Is there anything else?",
)
AGENT_LINES = (
    "Hi, a person here. Let me have a look.",
    "I have refunded the amount.",
    "Sorry for the wait!",
    "Done. You will get a confirmation.",
)
MODELS = ("assistant-small", "assistant-small", "assistant-small", "assistant-large")
KEYWORD_REQUEST = '{"handoff_requested": true, "trigger": "keyword"}'
CONFIDENCE_REQUESTS = (
    ', "handoff_requested": true, "trigger": "confidence"',
    ', "handoff_requested": true, "trigger": "confidence"',
    ', "handoff_requested": true, "trigger": "confidence"',
    ', "handoff_requested": true, "trigger": "policy"',
    ', "handoff_requested": true',
)


class Line(NamedTuple):
    """A message before it gets its ids; `at` in epoch seconds."""

    at: int
    sender: str
    content: str
    metadata: str | None


class Dialogue:
    """Write the lines of one stretch, from `start` on.

    Attributes:
        lines: The lines, by time, at least 1 s apart.
        status: How the conversation stands afterwards: active, resolved or handed_off.
    """

    def __init__(self, rng: Random, start: int, until: int, *, handed_off: bool = False) -> None:
        """Simulate the stretch; what would be said at or after `until` is left unsaid.

        Args:
            rng: Source of chance.
            start: Instant of the first line, epoch seconds, before `until`.
            until: End of the stretch, epoch seconds.
            handed_off: An agent answers already.
        """
        self._rng = rng
        self._now = start
        self._until = until
        self._handed_off = handed_off
        self.lines: list[Line] = []
        answered = self._converse()
        if self._now >= until:
            self.lines = [line for line in self.lines if line.at < until]
            answered = False
            # A request that was cut off has not been made.
            self._handed_off = handed_off or any(
                line.metadata and '"handoff_requested": true' in line.metadata for line in self.lines
            )
        self.status = self._ending(answered)

    def _converse(self) -> bool:
        """Take turns; whether the last one was answered."""
        rng = self._rng
        for _ in range(1 + int(rng.expovariate(0.4))):
            burst = 1 if rng.random() < 0.72 else 2 + int(2 * rng.random())
            for _ in range(burst):
                self._say("customer", CUSTOMER_LINES, None, pause=9, spread=0.8)
            if self._now > self._until:
                return False
            if self._handed_off:
                self._say("agent", AGENT_LINES, None, pause=180, spread=1.1)
            elif rng.random() < 0.06:
                self._handed_off = True
                if not self._hand_off():
                    return False
            else:
                self._say("llm", LLM_LINES, self._llm_metadata(), pause=6, spread=0.9)
        if rng.random() < 0.08:
            self._say("customer", CUSTOMER_LINES, None, pause=40, spread=1.2)
            return False
        return True

    def _hand_off(self) -> bool:
        """Ask for an agent, perhaps again and again; whether one answered."""
        rng = self._rng
        if rng.random() < 0.55:
            self._say("customer", HUMAN_LINES, KEYWORD_REQUEST, pause=9, spread=0.8)
        else:
            request = CONFIDENCE_REQUESTS[int(5 * rng.random())]
            self._say("llm", LLM_LINES, self._llm_metadata(request), pause=6, spread=0.9)
        while rng.random() < 0.35:
            self._say("customer", HUMAN_LINES, KEYWORD_REQUEST, pause=70, spread=1.0)
        if rng.random() < 0.12:
            return False
        self._say("agent", AGENT_LINES, None, pause=480, spread=1.0)
        return True

    def _llm_metadata(self, request: str = "") -> str:
        rng = self._rng
        tokens = int(rng.lognormvariate(5.2, 0.7))
        model = MODELS[int(4 * rng.random())]
        chance = rng.random()
        confidence = 0.2 + 0.3 * chance if request else 0.5 + 0.5 * chance**0.4
        return f'{{"tokens_used": {tokens}, "model": "{model}", "confidence": {confidence:.2f}{request}}}'

    def _say(
        self,
        sender: str,
        lines: tuple[str, ...],
        metadata: str | None,
        *,
        pause: int,
        spread: float,
    ) -> None:
        """Say a line; `pause` is the median seconds before it, `spread` the sigma of its logarithm."""
        rng = self._rng
        if self.lines:
            self._now += 1 + int(pause * rng.lognormvariate(0, spread))
        content = lines[int(len(lines) * rng.random())]
        self.lines.append(Line(self._now, sender, content, metadata))

    def _ending(self, answered: bool) -> str:
        chance = self._rng.random()
        if self._handed_off:
            return "resolved" if answered and chance < 0.5 else "handed_off"
        return "resolved" if answered and chance < 0.75 else "active"
