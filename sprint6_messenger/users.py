"""The users: who is here, under which name, from where. No input or output here."""

from collections import OrderedDict
from dataclasses import dataclass

from sprint6_messenger.answers import Member, Refusal
from sprint6_messenger.names import BadName, check_name, key_of

TIME_FORMAT = "%Y/%m/%d@%H:%M"
"""How the hour of an arrival is told."""


@dataclass(frozen=True)
class Origin:
    """Where a member is connected from, and since when (as TIME_FORMAT has it)."""

    address: str
    port: int
    since: str


@dataclass
class User:
    """A member that has a name."""

    member: Member
    origin: Origin
    name: str

    def information(self) -> str:
        """Return what anybody may know of a user."""
        origin = self.origin
        return (
            f"{self.name} connected since {origin.since} "
            f"with IP address {origin.address} and port number {origin.port}"
        )


class Users:
    """All that have a name, in the order in which they got one; a name belongs to one of them in any case."""

    def __init__(self) -> None:
        self._users: OrderedDict[Member, User] = OrderedDict()
        self._by_key: dict[str, User] = {}

    def __len__(self) -> int:
        return len(self._users)

    def members(self) -> list[Member]:
        """Return who is here."""
        return list(self._users)

    def names(self) -> list[str]:
        """Return who is here, by name."""
        return [user.name for user in self._users.values()]

    def get(self, member: Member) -> User | None:
        """Return the user that a member is; None when it has no name."""
        return self._users.get(member)

    def find(self, name: str) -> User:
        """Return the user of a name. Raises Refusal."""
        try:
            return self._by_key[key_of(name)]
        except KeyError:
            raise Refusal(f"user {name} does not exist") from None

    def grant(self, member: Member, origin: Origin, name: str) -> None:
        """Give a member a name, and take its former one back. Raises BadName; nothing has changed then."""
        check_name(name)
        owner = self._by_key.get(key_of(name))
        if owner and owner.member is not member:
            raise BadName(f"the name {name} is taken")
        user = self._users.setdefault(member, User(member, origin, name))
        self._by_key.pop(key_of(user.name), None)
        user.name = name
        self._by_key[key_of(name)] = user

    def remove(self, member: Member) -> User | None:
        """Forget a member; return the user that it was. The name is free from now on."""
        user = self._users.pop(member, None)
        if user:
            del self._by_key[key_of(user.name)]
        return user
