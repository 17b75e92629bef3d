"""Until when a person is left alone, in every zone and over every change of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.notification import NotificationType, Preference
from streams.core.planning.quiet_hours import ends, passes

VIENNA = "Europe/Vienna"
ZONES = sorted(available_timezones())
MINUTE = 60_000
FEW = settings(max_examples=60, deadline=None)
MANY = settings(max_examples=200, deadline=None)
FIRST_YEAR = int(datetime(1975, 1, 1, tzinfo=UTC).timestamp()) // 60
LAST_YEAR = int(datetime(2037, 1, 1, tzinfo=UTC).timestamp()) // 60

zones = st.sampled_from(ZONES)
moments = st.integers(FIRST_YEAR, LAST_YEAR).map(lambda minute: minute * MINUTE)
clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 59)))


def quiet(begin: str, end: str) -> Preference:
    """Build a preference with these quiet hours."""
    return Preference(id="ann", quiet_from=begin, quiet_to=end)


def at(*moment: int, zone: str = VIENNA, fold: int = 0) -> int:
    """Give the epoch milliseconds of a time on the wall."""
    year, month, day, hour, minute = moment
    local = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)
    return int(local.timestamp()) * 1000


def wall(moment: int, zone: str) -> datetime:
    """Give the time on the wall."""
    return datetime.fromtimestamp(moment // 1000, ZoneInfo(zone))


def inside(clock: str, begin: str, end: str) -> bool:
    """Say whether a clock face lies in quiet hours; such texts sort as the times do."""
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def clocks_stand_still(moment: int, zone: str) -> bool:
    """Say whether no change of the clocks is near."""
    near = (wall(moment + hours * 3_600_000, zone).utcoffset() for hours in range(-50, 51, 2))
    return len(set(near)) == 1


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, int]:
    """Draw a zone and a moment near a change of its clocks."""
    zone = draw(zones)
    moment = draw(moments)
    day = 86_400_000
    for _ in range(200):
        if wall(moment, zone).utcoffset() != wall(moment + day, zone).utcoffset():
            break
        moment += day
    return zone, moment + draw(st.integers(-24 * 60, 48 * 60)) * MINUTE


@FEW
@given(zones, moments, clocks, clocks)
def test_on_most_days_the_clock_on_the_wall_decides(
    zone: str, moment: int, begin: str, end: str
) -> None:
    """A moment is quiet where its clock face is, until the clock shows the end."""
    until = ends(quiet(begin, end), zone=zone, at=moment)
    if begin == end:
        assert 0 == until
    elif clocks_stand_still(moment, zone):
        assert inside(f"{wall(moment, zone):%H:%M}", begin, end) is bool(until)
        if until:
            assert end == f"{wall(until, zone):%H:%M}"
            assert moment < until < moment + 24 * 60 * MINUTE


@MANY
@given(changes(), clocks, clocks)
def test_a_hold_never_ends_in_quiet_hours(change: tuple[str, int], begin: str, end: str) -> None:
    """Whatever the clocks do, a face in quiet hours is quiet, and the end of a hold is not."""
    zone, moment = change
    preference = quiet(begin, end)
    until = ends(preference, zone=zone, at=moment)
    if until:
        assert until > moment
        assert 0 == ends(preference, zone=zone, at=until)
        assert until == ends(preference, zone=zone, at=until - 1)
        assert not inside(f"{wall(until, zone):%H:%M}", begin, end)
    else:
        assert begin == end or not inside(f"{wall(moment, zone):%H:%M}", begin, end)


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        ((2026, 5, 5, 21, 59), 0),
        ((2026, 5, 5, 22, 0), at(2026, 5, 6, 7, 0)),
        ((2026, 5, 6, 6, 59), at(2026, 5, 6, 7, 0)),
        ((2026, 5, 6, 7, 0), 0),
    ],
)
def test_a_night_goes_over_midnight(hour: tuple[int, ...], expected: int) -> None:
    """The first minute is quiet and the last is not."""
    assert expected == ends(quiet("22:00", "07:00"), zone=VIENNA, at=at(*hour))


def test_both_nights_of_the_year_have_their_own_length() -> None:
    """The night is an hour shorter in spring and an hour longer in autumn."""
    night = quiet("22:00", "07:00")
    for day, hours in ((28, 8), (27, 9)):
        evening = at(2026, 3, day, 22, 0)
        assert evening + hours * 60 * MINUTE == ends(night, zone=VIENNA, at=evening)
    evening = at(2026, 10, 24, 22, 0)
    assert evening + 10 * 60 * MINUTE == ends(night, zone=VIENNA, at=evening)


def test_an_end_that_the_clock_leaps_over_is_the_leap() -> None:
    """In spring the clock goes from 02:00 to 03:00, and quiet until 02:30 ends at 03:00."""
    until = ends(quiet("22:00", "02:30"), zone=VIENNA, at=at(2026, 3, 29, 1, 0))
    assert at(2026, 3, 29, 3, 0) == until
    assert at(2026, 3, 29, 1, 59) + MINUTE == until


def test_a_beginning_that_the_clock_leaps_over_is_the_leap() -> None:
    """Quiet from 02:30 begins at 03:00, the first moment after the leap."""
    rest = quiet("02:30", "05:00")
    assert 0 == ends(rest, zone=VIENNA, at=at(2026, 3, 29, 1, 59))
    assert at(2026, 3, 29, 5, 0) == ends(rest, zone=VIENNA, at=at(2026, 3, 29, 3, 0))
    assert 0 == ends(quiet("02:15", "02:45"), zone=VIENNA, at=at(2026, 3, 29, 3, 0))


def test_times_that_come_twice_are_quiet_from_the_first_to_the_second() -> None:
    """In autumn 02:00 to 03:00 comes twice, and nobody is woken in between."""
    rest, end = quiet("02:15", "02:45"), at(2026, 10, 25, 2, 45, fold=1)
    assert 0 == ends(rest, zone=VIENNA, at=at(2026, 10, 25, 2, 14))
    assert end == ends(rest, zone=VIENNA, at=at(2026, 10, 25, 2, 15))
    assert end == ends(rest, zone=VIENNA, at=at(2026, 10, 25, 2, 50))
    assert end == ends(rest, zone=VIENNA, at=at(2026, 10, 25, 2, 10, fold=1))
    assert 0 == ends(rest, zone=VIENNA, at=end)


def test_nights_that_a_change_joins_are_one() -> None:
    """Quiet but for 02:15 to 02:30 is never over in spring, where that quarter does not come."""
    rest = quiet("02:30", "02:15")
    assert at(2026, 3, 30, 2, 15) == ends(rest, zone=VIENNA, at=at(2026, 3, 28, 12, 0))
    assert 0 == ends(rest, zone=VIENNA, at=at(2026, 3, 28, 2, 15))


def test_a_day_that_never_came_is_no_trouble() -> None:
    """Samoa went from the 29th to the 31st of December 2011, and slept on."""
    night = quiet("22:00", "07:00")
    zone = "Pacific/Apia"
    until = ends(night, zone=zone, at=at(2011, 12, 29, 23, 0, zone=zone))
    assert at(2011, 12, 31, 7, 0, zone=zone) == until


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("", ""),
        ("22:00", ""),
        ("", "7:00"),
        ("22", "7"),
        ("7:00", "08:00"),
        ("24:00", "25:61"),
        ("22:00", "22:00"),
        ("aa:bb", "cc:dd"),
        ("\u0662\u0662:\u0660\u0660", "\u0660\u0667:\u0660\u0660"),
    ],
)
def test_times_that_say_nothing_mean_none(begin: str, end: str) -> None:
    """Missing, equal or malformed times hold nothing back, at any hour."""
    for hour in range(24):
        assert 0 == ends(quiet(begin, end), zone=VIENNA, at=at(2026, 5, 5, hour, 30))
    assert 0 == ends(None, zone=VIENNA, at=at(2026, 5, 5, 3, 0))


def test_a_zone_that_is_none_is_utc() -> None:
    """A wrong name does not stop the night."""
    moment = at(2026, 5, 5, 3, 0, zone="UTC")
    for name in ("", "Mars/Crater"):
        assert moment + 60 * MINUTE == ends(quiet("02:00", "04:00"), zone=name, at=moment)


def test_what_is_urgent_and_what_its_type_lets_through_disturbs() -> None:
    """High and critical pass, and so does a type that says so; the rest is held."""
    hold, let = NotificationType(id="a"), NotificationType(id="b", quiet_hours="pass")
    assert [False, False, True, True] == [passes(hold, priority=p) for p in range(4)]
    assert all(passes(let, priority=p) for p in range(4))


def test_every_night_of_a_year_is_as_long_as_its_clock_says() -> None:
    """Through a whole year in Vienna each hold ends at seven in the morning."""
    night, day = quiet("22:00", "07:00"), datetime(2026, 1, 1, 23, 0, tzinfo=ZoneInfo(VIENNA))
    for days in range(365):
        evening = day + timedelta(days=days)
        until = ends(night, zone=VIENNA, at=int(evening.timestamp()) * 1000)
        assert (evening + timedelta(hours=8)).replace(fold=0) == wall(until, VIENNA)
