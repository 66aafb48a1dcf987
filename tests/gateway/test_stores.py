"""Where conversations wait between their turns."""

import asyncio
import stat
from pathlib import Path

import pytest

import gateway.stores as module
from gateway.settings import Settings, SettingsError
from gateway.stores import FileStore, MemoryStore, SessionStore, open_store
from protocols.contract.conversations import SessionKey
from protocols.contract.errors import Unavailable

KEY = SessionKey("ada", "s1")


def key(session_id: str) -> SessionKey:
    return SessionKey("ada", session_id)


def all_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


def files_in(folder: Path) -> list[Path]:
    return [path for path in all_in(folder) if path.is_file()]


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SessionStore:
    return MemoryStore(10, 1_000) if request.param == "memory" else FileStore(tmp_path / "a" / "b")


async def test_a_store_gives_back_what_was_last_written(store: SessionStore) -> None:
    assert await store.read(KEY) is None
    await store.write(KEY, b"one")
    await store.write(KEY, b"two")
    await store.write(key("s2"), b"other")
    assert (await store.read(KEY), await store.read(key("s2"))) == (b"two", b"other")


async def test_what_is_deleted_is_gone(store: SessionStore) -> None:
    await store.write(KEY, b"one")
    assert (await store.delete(KEY), await store.delete(KEY)) == (True, False)
    assert await store.read(KEY) is None


async def test_a_caller_cannot_reach_what_is_anothers(store: SessionStore) -> None:
    await store.write(SessionKey("ada", "bob"), b"secret")
    for other in (SessionKey("adab", "ob"), SessionKey("", "adabob"), SessionKey("bob", "ada")):
        assert await store.read(other) is None


async def test_the_memory_keeps_no_more_than_it_may() -> None:
    store = MemoryStore(2, 10)
    for name, size in (("1", 1), ("2", 1), ("3", 1), ("4", 10)):
        await store.write(key(name), bytes(size))
        if name == "2":
            assert await store.read(key("1")) is not None  # used: the other one is older now
        if name == "3":
            assert [await store.read(key(each)) is not None for each in "123"] == [
                True,
                False,
                True,
            ]
    assert [await store.read(key(each)) is not None for each in "134"] == [False, False, True]


async def test_what_alone_is_larger_than_all_may_be_is_kept_all_the_same() -> None:
    store = MemoryStore(10, 10)
    await store.write(KEY, bytes(100))
    assert await store.read(KEY) == bytes(100)
    await store.write(KEY, bytes(5))
    await store.write(key("s2"), bytes(5))
    assert await store.read(KEY) == bytes(5)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/", "a\0b", "x" * 4000, "é\ud800", "~", " "])
async def test_a_file_is_named_by_nothing_that_a_caller_writes(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "store"
    store = FileStore(folder)
    await store.write(key(name), b"kept")
    assert await store.read(key(name)) == b"kept"
    (file,) = files_in(tmp_path)
    assert (file.parent.parent, len(file.name)) == (folder, 64)


async def test_files_are_for_the_user_of_the_process_only(tmp_path: Path) -> None:
    await FileStore(tmp_path / "store").write(KEY, b"kept")
    for path in all_in(tmp_path / "store"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


async def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path)
    await store.write(KEY, b"one")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(Unavailable, match="GATEWAY_SESSION_STORE") as caught:
            await store.write(KEY, b"two")
    assert str(tmp_path) not in caught.value.message
    assert await store.read(KEY) == b"one"
    assert len(files_in(tmp_path)) == 1


async def test_a_folder_that_cannot_be_used_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = FileStore(tmp_path / "file")
    with pytest.raises(Unavailable):
        await store.write(KEY, b"one")
    with pytest.raises(Unavailable):
        await store.read(KEY)
    with pytest.raises(Unavailable):
        await store.delete(KEY)


async def test_a_disk_that_does_not_answer_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asyncio.Event()

    async def never(*arguments: object) -> None:
        await answers.wait()

    monkeypatch.setattr(module, "_SECONDS", 0.01)
    monkeypatch.setattr(asyncio, "to_thread", never)
    with pytest.raises(Unavailable):
        await FileStore(tmp_path).read(KEY)


@pytest.mark.parametrize(
    ("setting", "kind"), [("memory", MemoryStore), ("file:some/folder", FileStore)]
)
def test_the_setting_names_the_store(setting: str, kind: type) -> None:
    assert isinstance(open_store(Settings(session_store=setting)), kind)


@pytest.mark.parametrize("setting", ["", "file:", "file", "memory:x", "s3://bucket/prefix"])
def test_a_store_that_is_not_there_is_refused(setting: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_SESSION_STORE: must be memory or file:PATH"):
        open_store(Settings(session_store=setting))
