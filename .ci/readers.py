"""Checks what readers of others say of the reports that .ci/readers has made."""

import collections
import csv
import gzip
import json
import re
import sys
import unicodedata
import xml.etree.ElementTree as ET

from junitparser import Error, Failure, JUnitXml, Skipped

# The multitool's advice that is not followed, and why.
REFUSED = {
    "SARIF2002": "texts that differ from place to place have no message id",
    "SARIF2003": "what is in no repository with a remote has no provenance",
    "SARIF2005": "there is no page about the tool yet",
    "SARIF2006": "nothing here asks whether an address answers",
    "SARIF2009": "the ids of rules are names that people write into configurations",
    "SARIF2010": "a snippet would hold the token",
    "SARIF2011": "so would the lines around it",
    "SARIF2012": "a run without results has no rules",
}

failures = []


def check(ok, what):
    if not ok:
        failures.append(what)


def advice(name):
    """Returns how often the multitool has named each of its rules."""
    with open(name + ".checked", encoding="utf-8-sig") as f:
        run = json.load(f)["runs"][0]
    check(run["invocations"][0]["executionSuccessful"], f"{name}: the multitool has failed")
    for result in run.get("results", []):
        if result["ruleId"] not in REFUSED and name != "broken":
            print(name, result["ruleId"], json.dumps(result["message"]), json.dumps(result["locations"][0])[:300])
    return collections.Counter(result["ruleId"] for result in run.get("results", []))


def check_sarif():
    for name in ["leaky", "shallow", "clean"]:
        rules = advice(name)
        print(f"{name}.sarif:", dict(rules))
        check(not set(rules) - set(REFUSED), f"{name}.sarif: {sorted(set(rules) - set(REFUSED))}")
    check("SARIF2010" in advice("leaky"), "the multitool has not looked for snippets")
    broken = set(advice("broken"))
    check("SARIF1007" in broken, f"the multitool has not looked at regions: {sorted(broken)}")


def check_junit():
    for name, clean in [("leaky", False), ("shallow", False), ("clean", True)]:
        report = JUnitXml.fromfile(name + ".xml")
        kinds = collections.Counter()
        for suite in report:
            for case in suite:
                kinds["tests"] += 1
                check(case.name and case.classname, f"{name}.xml: a case without a name")
                for result in case.result:
                    kinds[type(result)] += 1
            said = (suite.tests, suite.failures, suite.errors, suite.skipped)
            counted = (kinds["tests"], kinds[Failure], kinds[Error], kinds[Skipped])
            check(said == counted, f"{name}.xml: it says {said}, and has {counted}")
        print(f"{name}.xml: {kinds['tests']} tests, {kinds[Failure]} failures, {kinds[Error]} errors, {kinds[Skipped]} skipped")
        check(clean == (sum(kinds.values()) == kinds["tests"]), f"{name}.xml: only the clean one passes")


def check_csv():
    for name, empty in [("leaky", False), ("shallow", False), ("clean", True)]:
        with open(name + ".csv", newline="", encoding="utf-8") as f:
            rows = list(csv.reader(f, strict=True))
        check(empty == (len(rows) == 1) and {len(row) for row in rows} == {23}, f"{name}.csv: rows of {[len(row) for row in rows]} cells")
        for cell in {cell for row in rows for cell in row}:
            check(not re.match(r"\s*[=+@\uff1d\uff0b\uff0d\uff20-]", cell), f"{name}.csv: a formula: {cell!r}")
            check(not any(unicodedata.category(c) == "Cc" for c in cell), f"{name}.csv: a control: {cell!r}")
        check_sheet(name, rows)


def check_sheet(name, rows):
    """A cell without a type is a formula to Gnumeric; texts lose their apostrophe."""
    with open(name + ".gnumeric", "rb") as f:
        data = f.read()
    sheet = ET.fromstring(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    cells = [c for c in sheet.iter() if c.tag.endswith("}Cell")]
    check(all("ValueType" in c.attrib for c in cells), f"{name}.csv: the spreadsheet sees a formula")
    texts = {c.text for c in cells}
    shown = {row[7].removeprefix("'") for row in rows}
    check(shown - {""} <= texts, f"{name}.csv: the spreadsheet lacks {sorted(shown - texts)}")
    print(f"{name}.csv: {len(rows)} rows, {len(cells)} cells in the spreadsheet")


check_sarif()
check_junit()
check_csv()
for what in failures:
    print(what, file=sys.stderr)
sys.exit(bool(failures))
