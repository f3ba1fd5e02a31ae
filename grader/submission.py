"""A submission, made ready to be judged: a copy of its own, with nothing compiled in it, and then built."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grader.contract import Contract, ContractError, read_contract
from grader.program import Program
from grader.stage import Stage

BUILD_SECONDS = 120.0
"""How long a build may take; it does so once for a whole run."""

COMPILED = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"!<arch>\n")
"""How programs and libraries begin. One that was handed in may be older than its source, so none is kept."""

LEFT_OUT = (".git", "__pycache__", "*.pyc", "*.o", ".venv", "node_modules")


@contextlib.contextmanager
def copied(directory: Path) -> Iterator[Path]:
    """Copy a submission to a directory that goes away with the run; links are copied as what they are.

    Raises ContractError where it cannot be read; what is wrong with the copy is told of the submission.
    """
    with tempfile.TemporaryDirectory(prefix="messagerie-") as temporary:
        copy = Path(temporary) / "submission"
        copy.mkdir()
        copy_into(directory, copy)
        try:
            yield copy
        except ContractError as error:
            raise ContractError(told_of(directory, copy, error)) from None


def told_of(directory: Path, copy: Path, error: ContractError) -> str:
    """Return what is wrong with a copy in the words of whoever knows the submission only."""
    return str(error).replace(str(copy), str(directory))


def copy_into(directory: Path, copy: Path) -> None:
    """Make an existing directory a copy of a submission. Raises ContractError where it cannot be read."""
    for old in copy.iterdir():
        shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    try:
        shutil.copytree(
            directory, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True
        )
    except shutil.Error as several:
        _source, _copy, reason = several.args[0][0]
        raise ContractError(f"{directory}: cannot be read: {reason}") from None
    except OSError as error:
        raise ContractError(f"{directory}: cannot be read: {error}") from None


def build(contract: Contract) -> None:
    """Build a submission as its contract says. Raises ContractError with the compiler's words."""
    if not contract.build:
        return
    command = ["sh", "-c", contract.build]
    with Stage() as stage:
        program = Program(stage, repr(contract.build), command, terminal=False, directory=contract.directory)
        program.closes_keyboard()
        program.wait_end(BUILD_SECONDS)
        if program.exit_code != 0:
            words = b"".join(bytes(stream) for stream in program.written.values())
            raise ContractError(
                f"build: {program.name} {program.how_it_ended()}\n\n{words.decode(errors='replace')}"
            )


def without_binaries(directory: Path) -> None:
    """Remove what was compiled before; scripts stay."""
    for file in directory.rglob("*"):
        if file.is_file() and not file.is_symlink() and begins_compiled(file):
            file.unlink()


def begins_compiled(file: Path) -> bool:
    """Tell whether a file is a compiled program or library."""
    with file.open("rb") as start:
        return start.read(8).startswith(COMPILED)


def contract_of_copy(copy: Path) -> Contract:
    """Return the contract of a copy, built from clean. Raises ContractError."""
    contract = read_contract(copy)
    build_from_clean(contract)
    return contract


def build_from_clean(contract: Contract) -> None:
    """Build a copy of which nothing is built yet, if its contract says how. Raises ContractError."""
    if contract.build:
        without_binaries(contract.directory)
        build(contract)
