"""Without a sandbox only this machine's own addresses may stand in a contract: nothing goes out to others."""

from pathlib import Path

import pytest

from grader.contract import ContractError, read_contract
from grader.judge import Judge, Order, Worker
from grader.network import demand
from grader.trace import played

FOREIGN = "192.0.2.1"
"""Kept for texts (RFC 5737): nobody has it."""


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_what_is_ours_may_be_demanded(address: str) -> None:
    demand(address)


def test_nobody_is_judged_at_an_address_of_others(tmp_path: Path, hired: list[Worker]) -> None:
    (tmp_path / "messagerie.toml").write_text(
        f'server = "true"\nclient = "true"\nport = 4444\naddress = "{FOREIGN}"\n'
    )
    contract = read_contract(tmp_path)
    with pytest.raises(ContractError, match=f"{FOREIGN} is no address of this machine"):
        list(Judge(Order(sprint=1, contract=contract, sandbox=False)).verdicts_as_they_come())
    assert not hired
    with pytest.raises(ContractError, match=f"{FOREIGN} is no address of this machine"):
        played(1, contract, sandboxed=False)
