"""One message when something goes wrong and one when it has ended, whatever the order and the repetition of looks."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from alerts.findings import Finding, Kind, Look
from alerts.incidents import CALM, FOLLOWS, KEPT, RECOVERY, Incident, Told, after_look, owed

T0 = datetime(2026, 11, 2, 3, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERYTHING = dict.fromkeys(Kind)


def finding(kind: Kind, subject: str, *systems: str) -> Finding:
    return Finding(kind, subject, f"{subject} is wrong.", systems)


SOURCE = finding(Kind.SOURCE_UNREACHABLE, "erp", "erp")
TABLE = finding(Kind.TABLE_FAILED, "erp.customers", "erp")
OTHER_TABLE = finding(Kind.TABLE_FAILED, "shop.orders", "shop")
OLD = finding(Kind.STALE, "erp.customers", "erp")
OLD_OF_BOTH = finding(Kind.STALE, "marts.customer_360", "erp", "shop")
REJECTED = finding(Kind.ROWS_REJECTED, "erp.customers", "erp")
RUN = finding(Kind.RUN_FAILED, "warehouse")
FAULTS = (SOURCE, TABLE, OTHER_TABLE, OLD, OLD_OF_BOTH, REJECTED, RUN)


class World:
    """Addresses that take messages or do not, and what they have heard."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses) or ["a"]
        self.down: set[str] = set()
        self.unsure: set[str] = set()
        self.incidents: list[Incident] = []
        self.heard: list[tuple[datetime, str, Finding, str]] = []
        self.now = T0

    def look(self, *found: Finding, seen: dict[Kind, Collection[str] | None] | None = None) -> list[tuple[str, str]]:
        """What address a hears of the look: subject, and what of it."""
        before = len(self.heard)
        look = Look(found, EVERYTHING if seen is None else seen)
        self.incidents = after_look(self.incidents, look, self.addresses, self.now)
        for address in set(self.addresses) - self.down:
            self._send(address)
        return [(one.subject, what) for _, address, one, what in self.heard[before:] if address == "a"]

    def _send(self, address: str) -> None:
        for message in list(owed(self.incidents, address)):
            ids = {one.incident_id for one in message.incidents}
            what = ("both" if message.is_first else "end") if message.is_over else "begin"
            self.heard += [(self.now, address, one.finding, what) for one in message.incidents]
            self.incidents = [
                one.after_sending(address, is_sure=address not in self.unsure) if one.incident_id in ids else one
                for one in self.incidents
            ]

    def later(self, by: timedelta = HOUR) -> "World":
        self.now += by
        return self


def test_fault_is_told_once_and_its_end_once() -> None:
    world = World()
    assert world.look(SOURCE) == [("erp", "begin")]
    assert world.later().look(SOURCE) == []
    assert world.later().look() == [("erp", "end")]
    assert world.later().look() == []


def test_nothing_ends_that_a_look_could_not_have_seen() -> None:
    world = World()
    world.look(TABLE)
    assert world.later().look(seen={Kind.STALE: None, Kind.TABLE_FAILED: ["shop.orders"]}) == []
    assert world.later().look(seen={Kind.TABLE_FAILED: ["erp.customers"]}) == [("erp.customers", "end")]


def test_what_only_follows_is_not_told_and_ends_in_silence() -> None:
    world = World()
    assert world.look(OLD, TABLE, SOURCE) == [("erp", "begin")]
    assert world.later().look() == [("erp", "end")]


def test_what_outlives_its_cause_is_told_once_it_is_found_without_it() -> None:
    world = World()
    world.look(SOURCE)
    world.later().look(TABLE, OLD, seen={})
    # A look that could not see the table says nothing of it.
    assert world.later().look(seen={Kind.SOURCE_UNREACHABLE: ["erp"]}) == [("erp", "end")]
    assert world.look(TABLE, OLD) == [("erp.customers", "begin")]
    # Age needs time to go: then the table is what it follows from.
    assert world.later(RECOVERY).look(OLD) == [("erp.customers", "end")]
    assert world.later(RECOVERY).look(OLD) == [("erp.customers", "begin")]


def test_what_concerns_more_than_its_causes_is_told() -> None:
    world = World()
    assert world.look(SOURCE, OLD_OF_BOTH) == [("erp", "begin"), ("marts.customer_360", "begin")]
    both = World()
    shop = finding(Kind.SOURCE_UNREACHABLE, "shop", "shop")
    assert both.look(OLD_OF_BOTH, SOURCE, shop) == [("erp", "begin"), ("shop", "begin")]


def test_fault_of_all_systems_explains_each() -> None:
    assert World().look(OLD, RUN) == [("warehouse", "begin")]


def test_causes_stand_before_what_follows_from_them() -> None:
    order = list(Kind)
    assert all(order.index(cause) < order.index(one) for cause, after in FOLLOWS.items() for one in after)


def test_what_comes_and_goes_every_hour_is_told_twice_and_ends_when_it_stays_away() -> None:
    world = World()
    told = [world.later().look(*[SOURCE] * (hour % 2)) for hour in range(1, 24)]
    assert [what for step in told for _, what in step] == ["begin", "end", "begin"]
    world.look()
    assert world.later(CALM).look() == [("erp", "end")]
    assert world.later(CALM).look(SOURCE) == [("erp", "begin")]


def test_who_could_not_be_told_is_told_at_the_next_look() -> None:
    world = World("a", "b")
    world.down = {"a"}
    assert world.look(SOURCE) == []
    assert [address for _, address, _, _ in world.heard] == ["b"]
    world.down = set()
    assert world.later().look(seen={}) == [("erp", "begin")]


def test_fault_that_began_and_ended_while_nobody_could_be_told_is_told_in_one() -> None:
    world = World()
    world.down = {"a"}
    world.look(SOURCE)
    world.later().look()
    world.down = set()
    assert world.later(timedelta(days=1)).look(seen={}) == [("erp", "both")]
    assert world.later(CALM).look(seen={}) == []
    assert world.incidents == []


def test_who_never_heard_of_the_end_does_not_hear_of_it_again() -> None:
    world = World("a", "b")
    world.look(SOURCE)
    world.down = {"a"}
    world.later().look()
    world.down = set()
    assert world.later().look(SOURCE) == []
    assert [what for _, address, _, what in world.heard if address == "b"] == ["begin", "end", "begin"]


def test_message_that_perhaps_arrived_is_sent_once_more_and_no_more() -> None:
    world = World()
    world.unsure = {"a"}
    assert world.look(SOURCE) == [("erp", "begin")]
    assert world.later().look(SOURCE) == [("erp", "begin")]
    assert world.later().look(SOURCE) == []
    assert world.later().look() == [("erp", "end")]
    assert world.later().look() == [("erp", "end")]
    assert world.later().look() == []


def test_new_address_hears_of_what_is_open_and_one_that_is_gone_is_forgotten() -> None:
    world = World("b")
    world.look(SOURCE)
    world.addresses = ["a"]
    assert world.later().look(SOURCE) == [("erp", "begin")]
    assert world.incidents[0].told == {"a": Told.BEGINNING}


def test_end_that_can_not_be_told_is_given_up_at_last() -> None:
    world = World()
    world.look(SOURCE)
    world.down = {"a"}
    world.later().look()
    world.later(KEPT).look()
    assert world.incidents == []


def test_faults_of_one_kind_and_system_that_begin_together_are_one_message() -> None:
    tables = [finding(Kind.TABLE_FAILED, f"erp.{name}", "erp") for name in ("a", "b", "c")]
    incidents = after_look((), Look((*tables, OTHER_TABLE, RUN), {}), ["a"], T0)
    assert [len(one.incidents) for one in owed(incidents, "a")] == [3, 1, 1]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[frozenset[int], frozenset[Kind], timedelta, frozenset[str]]]:
    """Steps: which faults there are, which kinds the look sees, after how long, which addresses are down."""
    step = st.tuples(
        st.frozensets(st.integers(0, len(FAULTS) - 1), max_size=4),
        st.frozensets(st.sampled_from(sorted({one.kind for one in FAULTS}))),
        st.sampled_from([timedelta(minutes=1), HOUR, 3 * HOUR, 7 * HOUR]),
        st.frozensets(st.sampled_from(["a", "b"])),
    )
    return draw(st.lists(step, min_size=1, max_size=25))


@given(histories())
def test_messages_of_a_fault_begin_and_end_in_turn_whatever_the_looks(
    history: list[tuple[frozenset[int], frozenset[Kind], timedelta, frozenset[str]]],
) -> None:
    world = World("a", "b")
    absent: dict[tuple[Kind, str], datetime] = {}
    for there, kinds, pause, down in history:
        world.later(pause).down = set(down)
        found = [FAULTS[number] for number in there if FAULTS[number].kind in kinds]
        absent |= {one.key: world.now for one in FAULTS if one.kind in kinds and one not in found}
        before = len(world.heard)
        # The same look again says nothing new.
        for _ in range(2):
            world.look(*found, seen=dict.fromkeys(kinds))
        _assert_told_in_turn(world, absent, before)
    world.down = set()
    for _ in range(3):
        world.later(CALM).look()
    world.later(CALM).look()
    assert world.incidents == []
    for address in world.addresses:
        for _, messages in _by_key(world, address):
            assert messages[-1][1] in ("end", "both")


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([timedelta(minutes=1), HOUR, 7 * HOUR])), max_size=40))
def test_fault_that_comes_and_goes_begins_twice_within_six_hours_at_most(history: list[tuple[bool, timedelta]]) -> None:
    world = World()
    for is_there, pause in history:
        world.later(pause).look(*[SOURCE] * is_there)
    begun = [at for at, _, _, what in world.heard if what == "begin"]
    assert all(third - first >= CALM for first, third in zip(begun, begun[2:], strict=False))


def _by_key(world: World, address: str) -> list[tuple[tuple[Kind, str], list[tuple[datetime, str]]]]:
    heard = [(one.key, (at, what)) for at, to, one, what in world.heard if to == address]
    return [
        (key, [message for _, message in group])
        for key, group in groupby(sorted(heard, key=lambda one: one[0]), lambda one: one[0])
    ]


def _assert_told_in_turn(world: World, absent: dict[tuple[Kind, str], datetime], before: int) -> None:
    for address in world.addresses:
        for _, messages in _by_key(world, address):
            state = "end"
            for _, what in messages:
                assert (state, what) in {("end", "begin"), ("begin", "end"), ("end", "both")}, messages
                state = "end" if what == "both" else what
    open_ = [one for one in world.incidents if one.is_open]
    for at, _, one, what in world.heard[before:]:
        if what in ("end", "both"):
            assert absent[one.key] <= at
        elif what == "begin":
            # What is told by itself follows from nothing that was open before it.
            causes = [c for c in open_ if one.kind in FOLLOWS.get(c.finding.kind, ()) and c.began_at < at]
            new = next(c for c in open_ if c.finding.key == one.key)
            covered = {system for c in causes if c.began_at < new.began_at for system in c.finding.systems}
            assert new.began_at < at or not (one.systems and covered.issuperset(one.systems))
