"""What strangers call their files, and where these end up: in the folder, under a name of their own, or nowhere."""

import resource
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sprint6_messenger.inbox import DiskError, Inbox
from sprint6_messenger.safe_names import DEVICES, LONGEST_BYTES, UNSEEN, safe_name
from tests.sprint6_client.ends import descriptors

HOSTILE = [
    "../x",
    "..",
    ".",
    "",
    "dir/",
    "/etc/passwd",
    "a/../../x",
    "C:\\x",
    "\\\\srv\\s",
    "~/.ssh/x",
    ".bashrc",
]
HOSTILE += [
    "-rf",
    "CON",
    "con.txt",
    "a:b",
    "a. ",
    " ",
    "x\0y",
    "x\ny",
    "\x1b[2J",
    "a\u200bb",
    "\u202egnp.exe",
]
HOSTILE += [
    "é" * 200 + ".png",
    "x" * 256,
    "a\ud800",
    "%s%n",
    "$(id)",
    "x.part",
    "AUX .txt",
    "\u2028",
    "._.",
    "...",
]

names = st.one_of(
    st.text(),
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from([*HOSTILE, "/", "\\", "..", "../", ".", "\0", "a", " "])).map("".join),
)


@given(names)
@settings(max_examples=1000)
def test_a_safe_name_is_one_ordinary_name(wish: str) -> None:
    name = safe_name(wish)
    assert name
    assert not set(name) & set('/\\\0<>:"|?*')
    assert name not in (".", "..")
    assert name[0] not in ".-~ "
    assert name[-1] not in ". "
    assert name.partition(".")[0].rstrip().upper() not in DEVICES
    assert not {unicodedata.category(character) for character in name} & UNSEEN
    assert len(name.encode()) <= LONGEST_BYTES


@given(names)
@settings(max_examples=300)
def test_what_is_safe_stays_as_it_is(wish: str) -> None:
    assert safe_name(safe_name(wish)) == safe_name(wish)


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("photo.png", "photo.png"),
        ("compte rendu été.pdf", "compte rendu été.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\windows\\x", "x"),
        (".bashrc", "_bashrc"),
        ("-rf", "_rf"),
        ("CON.txt", "_CON.txt"),
        ("..", "file"),
        ("", "file"),
        ("dir/", "file"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("a\x1b[2J.md", "a_[2J.md"),
        ("x" * 300 + ".png", "x" * 123 + ".png"),
        ("é" * 300 + ".png", "é" * 61 + ".png"),
    ],
)
def test_a_name_is_changed_as_little_as_it_must(wish: str, name: str) -> None:
    assert safe_name(wish) == name


@given(names)
@settings(max_examples=200, deadline=None)
def test_no_name_leaves_the_folder(wish: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        inbox = Inbox(Path(directory, "inbox"))
        with inbox.begin(safe_name(wish)) as part:
            part.write(b"hostile")
            part.keep()
        assert list(Path(directory).iterdir()) == [inbox.path]
        [saved] = inbox.path.iterdir()
        assert saved.resolve().parent == inbox.path.resolve()
        assert saved.read_bytes() == b"hostile"


def save(inbox: Inbox, name: str, data: bytes) -> str:
    """Save a file as a transfer does; return the name that it got."""
    with inbox.begin(name) as part:
        part.write(data)
        return part.keep()


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    """An inbox whose folder is not there yet."""
    return Inbox(tmp_path / "in" / "box")


def test_what_arrives_is_its_owners_only(inbox: Inbox) -> None:
    save(inbox, "photo.png", b"bytes")
    assert stat.S_IMODE((inbox.path / "photo.png").stat().st_mode) == 0o600
    assert stat.S_IMODE(inbox.path.stat().st_mode) == 0o700


def test_a_file_that_exists_is_never_overwritten(inbox: Inbox) -> None:
    names = [save(inbox, "photo.png", bytes([number])) for number in range(3)]
    assert names == ["photo.png", "photo (1).png", "photo (2).png"]
    assert [(inbox.path / name).read_bytes() for name in names] == [b"\0", b"\1", b"\2"]


def test_two_files_of_one_name_at_once_both_arrive(inbox: Inbox) -> None:
    with inbox.begin("photo.png") as one, inbox.begin("photo.png") as other:
        one.write(b"one")
        other.write(b"other")
        assert {one.keep(), other.keep()} == {"photo.png", "photo (1).png"}
    assert sorted(path.name for path in inbox.path.iterdir()) == ["photo (1).png", "photo.png"]


@pytest.mark.parametrize("name", ["photo.png", "photo.png.part"])
def test_a_link_in_the_inbox_is_not_followed(name: str, inbox: Inbox, tmp_path: Path) -> None:
    inbox.path.mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (inbox.path / name).symlink_to(victim)
    saved = save(inbox, "photo.png", b"hostile")
    assert victim.read_bytes() == b"precious"
    assert (inbox.path / saved).read_bytes() == b"hostile"
    assert (inbox.path / name).is_symlink()


def test_a_file_that_is_not_whole_leaves_nothing_behind(inbox: Inbox) -> None:
    with inbox.begin("photo.png") as part:
        part.write(b"half of it")
        assert [path.name for path in inbox.path.iterdir()] == ["photo.png.part"]
    assert list(inbox.path.iterdir()) == []


def test_a_file_can_be_taken_back(inbox: Inbox) -> None:
    with inbox.begin("photo.png") as part:
        part.keep()
        part.take_back()
    assert list(inbox.path.iterdir()) == []


def test_what_somebody_put_in_its_place_is_not_taken_back(inbox: Inbox) -> None:
    with inbox.begin("photo.png") as part:
        part.keep()
        (inbox.path / "photo.png").unlink()
        (inbox.path / "photo.png").write_bytes(b"mine")
        part.take_back()
    assert (inbox.path / "photo.png").read_bytes() == b"mine"


def test_the_folder_is_the_one_that_was_opened(inbox: Inbox, tmp_path: Path) -> None:
    with inbox.begin("photo.png") as part:
        part.write(b"bytes")
        inbox.path.rename(tmp_path / "moved")
        inbox.path.symlink_to("/")
        part.keep()
    assert (tmp_path / "moved" / "photo.png").read_bytes() == b"bytes"


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file grow beyond 10 kB, as a full disk would."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_full_disk_is_told_and_leaves_nothing_behind(inbox: Inbox, small_disk: None) -> None:  # noqa: ARG001
    with inbox.begin("photo.png") as part, pytest.raises(DiskError, match="cannot save: File too large"):
        part.write(b"x" * 20_000)
    assert list(inbox.path.iterdir()) == []


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match=r"cannot save in .*Not a directory"):
        Inbox(tmp_path / "file" / "inbox").begin("photo.png")


def test_no_descriptor_is_left_open(inbox: Inbox) -> None:
    save(inbox, "photo.png", b"bytes")
    before = descriptors()
    save(inbox, "photo.png", b"bytes")
    with pytest.raises(DiskError):
        inbox.begin("x" * 300)
    assert descriptors() == before
