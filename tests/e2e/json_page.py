"""The JSON documents as docs/client.md describes them, and how real ones are compared with it."""

import re

import process

PAGE = process.REPOSITORY / "docs" / "client.md"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
PLAIN = {
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "bool": lambda value: type(value) is bool,
    "text": lambda value: type(value) is str,
    "time": lambda value: type(value) is str and TIME.fullmatch(value),
    "null": lambda value: value is None,
    "any": lambda value: True,
}


def section():
    text = PAGE.read_text().partition("\n## JSON documents\n")[2]
    return text.partition("\n## ")[0]


def rows(text):
    """The cells of the tables of a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r" *\| *", line)[1:-1] for line in lines]
    return [row for row in cells if row[0] not in ("member", "command", "---")]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def documents():
    """Document -> member -> what it is."""
    parts = re.split(r"^\*\*([\w ]+)\*\*", section(), flags=re.MULTILINE)
    return {
        name: {member: row[1] for row in rows(text) for member in names(row[0])}
        for name, text in zip(parts[1::2], parts[2::2])
    }


def documents_of_commands():
    head = re.split(r"^\*\*", section(), flags=re.MULTILINE)[0]
    return {command: row[1] for row in rows(head) for command in names(row[0])}


class Agreement:
    """Compares real documents with the page, and remembers which members were seen filled."""

    def __init__(self):
        self.documents = documents()
        self.seen = set()

    def flat(self, name, value):
        """Members with objects inside of the document as `rows.read`."""
        described = self.documents[name]
        inner = {member.split(".")[0] for member in described if "." in member}
        found = {}
        for member, content in value.items():
            if member in inner:
                found.update({f"{member}.{key}": one for key, one in content.items()})
            else:
                found[member] = content
        return found

    def check(self, name, value, place):
        """Whether a value is a `name`; what is wrong with it, as text."""
        if name in PLAIN:
            return [] if PLAIN[name](value) else [f"{place}: {value!r} is no {name}"]
        if name.startswith("list of "):
            if not isinstance(value, list):
                return [f"{place}: {value!r} is no list"]
            return [p for one in value for p in self.check(name[8:], one, place + "[]")]
        if not isinstance(value, dict):
            return [f"{place}: {value!r} is no {name}"]
        found = self.flat(name, value)
        described = self.documents[name]
        problems = [f"{place}: {name} has no {m} in the page" for m in found.keys() - described]
        problems += [f"{place}: {name} lacks {m} of the page" for m in described.keys() - found]
        for member in found.keys() & described.keys():
            kinds = described[member].split(" or ")
            if found[member] not in (None, []):
                self.seen.add((name, member))
            if found[member] is None and "null" in kinds:
                continue
            problems += self.check(kinds[0], found[member], f"{place}.{member}")
        return problems
