"""Sends made-up events to a running program: what the five articles and reported.csv do not have.

In: the program's HTTP address. Out: the events are acknowledged, or exit code 1 with the answer. Each batch is recorded
after the one before it, which is what corrections and retractions go by.
"""

import csv
import json
import pathlib
import random
import sys
import urllib.error
import urllib.request

AREAS = pathlib.Path(__file__).resolve().parent.parent.parent / "schemas" / "data" / "area.csv"
LEVELS = {2: "province", 3: "district", 5: "commune"}


def event(kind, event_id, **data):
    return {
        "specversion": "1.0", "id": event_id, "source": "/crosscheck", "type": f"vn.lantoa.{kind}.v1",
        "data": {name: value for name, value in data.items() if value is not None},
    }  # fmt: skip


def area(code, day, name=None):
    return {"area_level": LEVELS[len(code)], "area_code": code, "area_date": day, "area_name": name}


def families(event_id, code, year, numerator, denominator=None, kind="statement.stated", day=None, **changes):
    """Learning families of an area at the end of a year."""
    day = day or f"{year}-12-31"
    data = {
        "source": f"return-{year}", "source_kind": "return", "stated_on": day, **area(code, day), "fact": "actual",
        "measure": "learning_family", "stage": "recognised", "subject_scope": "household", "period": str(year),
        "as_at": day, "span": "stock", "base": "all", "numerator": numerator, "denominator": denominator,
    }  # fmt: skip
    return event(kind, event_id, **(data | changes))


def corrected(event_id, target, *rest, **changes):
    changes |= {"supersedes": target, "change_reason": "miscounted"}
    return families(event_id, *rest, kind="statement.corrected", **changes)


def retracted(event_id, target, code, day, family="statement", **changes):
    data = area(code, day) | {"retracts": target, "change_reason": "not so"} | changes
    return event(f"{family}.retracted", event_id, **data)


def size(event_id, measure, code, year, numerator, day=None, **changes):
    """How many there are of what rates are taken of."""
    day = day or f"{year}-12-31"
    data = {
        "source": f"yearbook-{year}", "stated_on": day, **area(code, day), "fact": "denominator", "measure": measure,
        "period": str(year), "as_at": day, "span": "stock", "numerator": numerator,
    }  # fmt: skip
    return event("statement.stated", event_id, **(data | changes))


def target(event_id, code, year, percent, day, **changes):
    data = {
        "source": f"plan-{event_id}", "source_kind": "plan", "stated_on": day, **area(code, day), "fact": "target",
        "measure": "learning_family", "stage": "recognised", "subject_scope": "household", "period": str(year),
        "printed_percent": percent, "plan": f"plan {event_id}",
    }  # fmt: skip
    return event("statement.stated", event_id, **(data | changes))


def step(event_id, word, token, year, code, day=None, **changes):
    """One family's way to its title."""
    day = day or f"{year}-12-20"
    data = {
        "source": "register", **area(code, day), "occurred_on": day, "model": "learning_family", "year": year,
        "subject_token": token and f"family-{token}-0000000", "decision_number": f"{code}/QĐ-{year}",
        "decision_issuer": "UBND xã",
    }  # fmt: skip
    return event(f"recognition.{word}", event_id, **(data | changes))


def held(event_id, code, day, kind="activity.held", **changes):
    data = {"source": "diary", **area(code, day), "occurred_on": day, "activity": "seminar"}
    return event(kind, event_id, **(data | changes))


def due(event_id, year, day, indicator=None):
    """By when returns for a year are due."""
    body = {"year": year, "due": day} | ({"indicator": indicator} if indicator else {})
    return event("reference.return_due", event_id, source="dispatch", subject=event_id, body=body)


def difficult(event_id, code, begins, day, until=None):
    """That an area is one in difficulty from a day on."""
    body = {"class": "difficult"} | ({"until": until} if until else {})
    return event(
        "reference.area_classified", event_id, source="decision", subject=event_id, effective_on=begins,
        legal_basis="decision", body=body, **area(code, day),
    )  # fmt: skip


def at_random(seed, count):
    """Families and clans of all levels and both maps, told, told again, corrected and taken back, in ten batches."""
    draw = random.Random(seed)
    with open(AREAS, encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] != "nation"]
    districts = {row["code"] for row in rows if row["level"] == "district" and row["parent_code"] in ("01", "24", "22")}
    provinces = ("01", "24", "22", "08")
    near = [
        row for row in rows
        if row["level"] == "province" or row["code"] in districts and row["level"] == "district"
        or row["level"] == "commune" and row["parent_code"] in districts.union(provinces)
    ]  # fmt: skip
    known, batches = [], []
    for batch in range(10):
        events = []
        for at in range(count // 10):
            number = f"random-{seed}-{batch}-{at}"
            again = draw.choice(known) if known and draw.random() < 0.3 else None
            if again and draw.random() < 0.4:
                day, code = again["data"]["area_date"], again["data"]["area_code"]
                stated_on = draw.choice([None, "2025-10-10"])
                events.append(retracted(number, again["id"], code, day, stated_on=stated_on))
                continue
            if again and "numerator" in again["data"]:
                data = again["data"] | {"numerator": draw.choice([again["data"]["numerator"], draw.randint(1, 90)])}
                kind = "statement.stated"
                if draw.random() < 0.5:
                    kind = "statement.corrected"
                    data |= {"supersedes": again["id"], "change_reason": "miscounted"}
                else:
                    data = {name: value for name, value in data.items() if name not in ("supersedes", "change_reason")}
                events.append(event(kind, number, **data))
                continue
            row = draw.choice(near)
            old = row["map"] < "2025-07-01"
            year = draw.choice([2022, 2023, 2024]) if old else 2025
            clans = draw.random() < 0.2
            count_of = {"province": 9000, "district": 900, "commune": 90}[row["level"]]
            if draw.random() < 0.1:
                deadline, percent = draw.choice([2025, 2026]), draw.choice(["70", "75", "80"])
                made = target(number, row["code"], deadline, percent, f"{year}-05-05")
            else:
                made = families(
                    number, row["code"], year, draw.randint(1, count_of),
                    draw.choice([None, count_of, 2 * count_of]), **area_of(row, year),
                    source=draw.choice(["a", "b"]), source_kind=draw.choice([None, "return", "decision"]),
                    base=draw.choice(["all", "all", "all", "registered", None]),
                    span=draw.choice(["stock", "stock", "stock", "flow"]),
                    numerator_precision=draw.choice([None, "exact", "over", "nearly", "about"]),
                    as_at=draw.choice([f"{year}-10", f"{year}-12-31", str(year)]) if year < 2025 else f"{year}-09",
                    **({"measure": "learning_clan", "subject_scope": "clan"} if clans else {}),
                )  # fmt: skip
            events.append(made)
        known += [made for made in events if made["data"].get("area_code")]
        batches.append(events)
    return batches


def area_of(row, year):
    return area(row["code"], f"{year}-12-31" if year < 2025 else f"{year}-09-30")


# Communes: Ba Đình (Hà Nội) has Ngọc Hà 00016 and Cống Vị 00007, which were split, and Trúc Bạch 00004, which was not;
# Mường Lay (Điện Biên) and Cô Tô (Quảng Ninh) have three communes each; Bắc Lũng 07513 and Trường Sơn 07507 are in Lục
# Nam (Bắc Giang). Ngọc Long 00859 and Minh Tân 00919 (Hà Giang, now Tuyên Quang) kept code and land.
BATCHES = [
    [
        # Chains by id: corrected twice, the second one taken back; the correction of a retracted one; of two
        # corrections the later; one whose target never came; one across a border.
        families("chain-1", "04", 2023, 100, 400),
        families("twice-1", "04", 2022, 90, 400),
        families("back-1", "06", 2023, 50, 200),
        families("border-1", "10", 2023, 70, 300),
        families("keep-1", "11", 2022, 60, 300),
        corrected("waits", "never-sent", "12", 2023, 10, 20),
    ],
    [
        corrected("chain-2", "chain-1", "04", 2023, 110, 400),
        corrected("twice-2a", "twice-1", "04", 2022, 91, 400),
        retracted("back-r", "back-1", "06", "2023-12-31"),
        corrected("border-2", "border-1", "12", 2023, 71, 300),
        retracted("keep-r", "keep-1", "11", "2022-12-31"),
    ],
    [
        corrected("chain-3", "chain-2", "04", 2023, 120, 400),
        corrected("twice-2b", "twice-1", "04", 2022, 92, 400),
        # A retraction taken back, and that taken back again of another.
        retracted("keep-rr", "keep-r", "11", "2022-12-31"),
        retracted("back-rr", "back-r", "06", "2023-12-31"),
    ],
    [
        retracted("chain-r", "chain-3", "04", "2023-12-31"),
        # Taken back by the source itself, on a day of its own.
        retracted("twice-r", "twice-2b", "04", "2022-12-31", stated_on="2025-03-01"),
        retracted("back-rrr", "back-rr", "06", "2023-12-31"),
    ],
    # Chains by natural key: 100, 110, 110, 100.
    [families("key-1", "08", 2023, 100, 500)],
    [families("key-2", "08", 2023, 110, 500)],
    [families("key-3", "08", 2023, 110, 500)],
    [families("key-4", "08", 2023, 100, 500)],
    [
        # Several statements for one cell: by day of count, rank of source, day of statement, record.
        families("cell-oct", "14", 2024, 300, 1000, as_at="2024-10", source="a"),
        families("cell-dec", "14", 2024, 320, 1000, source="b", source_kind="press"),
        families("cell-dec-decision", "14", 2024, 318, 1000, source="c", source_kind="decision",
                 stated_on="2025-01-20"),
        families("cell-dec-decision-late", "14", 2024, 319, 1000, source="d", source_kind="decision",
                 stated_on="2025-02"),
        families("cell-none", "14", 2024, 400, 1000, source="e", as_at=None),
        families("cell-other-base", "14", 2024, 200, 250, base="registered"),
        families("cell-no-base", "14", 2024, 205, None, base=None, printed_percent="70-75"),
        # The same by another source, recorded in one batch.
        families("same-a", "15", 2024, 10, 20, source="a"),
        families("same-b", "15", 2024, 11, 20, source="b"),
        # An area without a code, and a single example.
        families("no-code", "14", 2024, 12, 24, area_level="commune", area_code=None, area_name="Xã cũ", source="f"),
    ],
    [
        # Communes on both maps, over splits and mergers, and an own total beside the parts.
        families("split-1", "00016", 2024, 100, 150), families("split-2", "00007", 2024, 80, 160),
        families("split-3", "00004", 2024, 40, 80), families("split-4", "00019", 2024, 30, 60, span="flow"),
        families("new-1", "00004", 2025, 500, 900), families("new-2", "00008", 2025, 300, 700),
        families("three-1", "03148", 2024, 10, 20), families("three-2", "03151", 2024, 12, 24),
        families("three-3", "03184", 2024, 14, 28, numerator_precision="over"),
        families("isle-1", "07192", 2024, 5, 10), families("isle-2", "07195", 2024, 6, 12),
        families("isle-own", "207", 2024, 15, 30),
        families("whole-old", "00859", 2024, 33, 50), families("whole-new", "00919", 2025, 44, 60),
        families("district-1", "218", 2024, 2000, 5000), families("district-2", "215", 2024, 2100, None),
        families("district-percent", "216", 2024, None, None, printed_percent="66.5"),
        families("island", "755", 2024, 700, 900),
        # Provinces: one that was merged, one that takes others in, one that stays as it is, before and after.
        families("province-24", "24", 2024, 5000, 9000), families("province-27", "27", 2024, 4000, 6000),
        families("province-62", "62", 2024, 900, 2000, span="flow"), families("province-51", "51", 2024, 1100, 2000),
        families("hanoi-2023", "01", 2023, 1000, 2000, printed_percent="50"),
        families("hanoi-2025", "01", 2025, 1500, 2500, printed_percent="60"),
        families("new-24", "24", 2025, 9500, 16000), families("new-51", "51", 2025, None, None, printed_percent=">=55"),
        families("nation-2023", "01", 2023, 40000, 90000, **{"area_level": "nation", "area_code": "00"}),
        families("nation-2025", "01", 2025, 45000, 91000, **{"area_level": "nation", "area_code": "00"}),
        # Sizes that rates are taken of, of other measures, scopes and stages.
        size("households-04", "household", "04", 2021, 800), families("no-base-04", "04", 2021, 400),
        families("registered-04", "04", 2021, 500, stage="registered"),
        families("of-registered-04", "04", 2021, 390, base="registered", source="other"),
        size("population-04", "population", "04", 2024, 50000),
        families("units-04", "04", 2021, 55, 60, measure="learning_unit", subject_scope="unit"),
        families("units-c-04", "04", 2021, 45, None, measure="learning_unit", subject_scope="unit_in_commune"),
        size("units-size-04", "unit_in_commune", "04", 2021, 50),
        families("citizens-04", "04", 2024, 900, None, measure="learning_citizen", subject_scope="citizen"),
        size("adults-04", "adult", "04", 2024, 40000),
    ],
    [
        # Plans: of a district, of provinces that agree after a merger and of some that do not, of today's map.
        target("plan-218", "218", 2025, "75", "2023-01-10"), target("plan-24", "24", 2025, "72", "2023-01-10"),
        target("plan-27", "27", 2025, "72", "2023-02-10"),
        target("plan-62", "62", 2025, "60", "2023-12-31", stated_on="2023"),
        target("plan-51", "51", 2025, "70-80", "2023-03-31", stated_on="2023-03"),
        target("plan-01", "01", 2025, "90", "2023-05-05"),
        target("plan-01-2026", "01", 2026, "92", "2025-10-01"), target("plan-15", "15", 2030, "80", "2025-11-02"),
        target("plan-units", "04", 2025, "85", "2023-05-05", measure="learning_unit", subject_scope="unit"),
        target("plan-nation", "01", 2026, "71", "2025-10-01", **{"area_level": "nation", "area_code": "00"}),
        target("plan-commune", "00016", 2025, "88", "2024-02-02", base="all"),
    ],
    [
        # Figures that break rules: a part above its whole, a commune above its district, clans above families, a leap,
        # a factor of ten, a percent that the fraction does not give, too few people.
        families("odd-whole", "17", 2023, 700, 600, printed_percent="95"),
        families("odd-clan", "17", 2023, 300, None, measure="learning_clan", subject_scope="clan"),
        families("odd-commune", "07513", 2024, 2500, 2600), families("leap-1", "19", 2021, 100, 900),
        families("leap-2", "19", 2022, 450, 900), families("leap-3", "19", 2023, 4600, 9000),
        families("odd-percent", "19", 2024, 4600, 9000, printed_percent="5.11"),
        families("odd-members", "17", 2023, 100, None, measure="membership", stage=None, subject_scope="member",
                 base="population", printed_percent="50"),
        size("odd-households", "household", "17", 2023, 600),
        families("over-part", "20", 2023, 1001, None),
        families("over-registered", "20", 2023, 900, None, stage="registered", numerator_precision="exact"),
        families("units-many", "20", 2023, 61, None, measure="learning_unit", subject_scope="unit"),
        size("units-few", "unit", "20", 2023, 60),
        # More than 900 registered are no reason to doubt 950 recognised.
        families("bound-part", "22", 2023, 950), families("bound-whole", "22", 2023, 900, stage="registered",
                                                          numerator_precision="over"),
        families("workers-many", "22", 2023, 91, None, measure="learning_citizen",
                 subject_scope="worker_in_learning_home"),
        size("workers-few", "worker_in_learning_home", "22", 2023, 90),
    ],
    [
        # Subjects by name over two years and a merger; one taken away, one sent twice, one taken back; a list.
        step("a22", "recognised", "a", 2022, "07513"), step("b22", "recognised", "b", 2022, "07513"),
        step("c22", "recognised", "c", 2022, "07507"), step("r22", "registered", "d", 2022, "07507"),
        step("a23", "recognised", "a", 2023, "07513"), step("a23-again", "recognised", "a", 2023, "07513"),
        step("a23-upgraded", "upgraded", "a", 2023, "07513"), step("c23", "recognised", "c", 2023, "07507"),
        step("d23", "recognised", "d", 2023, "07507"), step("e23", "recognised", "e", 2023, "07507"),
        step("f23-rated", "rated", "f", 2023, "07513", rating="tốt", criteria_set="22/2020"),
        step("a25", "recognised", "a", 2025, "07498"), step("g25", "recognised", "g", 2025, "07498"),
        step("list23", "recognised", None, 2023, "07507", subjects=12, decision_number="9/QĐ"),
        step("list23-b", "recognised", None, 2023, "07507", subjects=30, decision_number="07507/QĐ-2023"),
        step("clans24", "recognised", None, 2024, "07507", subjects=4, model="learning_clan"),
        families("beside-count", "07513", 2023, 3, 10), size("households-c", "household", "07507", 2023, 20),
    ],
    [
        step("c23-revoked", "revoked", "c", 2023, "07507"),
        retracted("e23-gone", "e23", "07507", "2023-12-20", family="recognition"),
        step("d23-moved", "corrected", "d", 2023, "07507", step="recognised", supersedes="d23",
             decision_number="10/QĐ"),
        held("held-1", "02", "2024-10-02", attendances=40, persons=30, week_year=2024),
        held("held-2", "02", "2024-10-03", attendances=50, sessions=2, sessions_precision="about"),
        held("held-3", "02", "2024-11-03", attendances=5), held("held-4", "04", "2024-11-03", sessions=3),
        families("seminars-04", "04", 2024, 300, None, fact="activity", measure="seminar", stage=None, base=None,
                 subject_scope="attendance", span="flow", sessions=7),
        families("centre-04", "04", 2024, 200, None, fact="activity", measure="centre_class", stage=None, base=None,
                 subject_scope="person", span="flow"),
        families("centre-03148", "03148", 2024, 20, None, fact="activity", measure="centre_class", stage=None,
                 base=None, subject_scope="person", span="flow"),
    ],
    [
        # Decisions of one province, its district and its communes in one year, on either side of the merger; a total of
        # the province beside what its own and its communes' decisions make; a commune that was split.
        step("clans-p24", "recognised", None, 2024, "24", subjects=100, model="learning_clan"),
        step("clans-d218", "recognised", None, 2024, "218", subjects=20, model="learning_clan"),
        step("clans-c07513", "recognised", None, 2024, "07513", subjects=3, model="learning_clan"),
        step("clans-p27", "recognised", None, 2024, "27", subjects=7, model="learning_clan"),
        step("clans-p01", "recognised", None, 2024, "01", subjects=9, model="learning_clan"),
        step("clans-split", "recognised", None, 2024, "00016", subjects=6, model="learning_clan"),
        step("units-p24", "recognised", None, 2025, "24", subjects=50, model="learning_unit", day="2025-09-20"),
        step("units-old", "recognised", None, 2025, "24", subjects=40, model="learning_unit", day="2025-05-20"),
        step("units-c", "recognised", None, 2025, "07498", subjects=5, model="learning_unit", day="2025-09-20"),
        step("units-c-old", "recognised", None, 2025, "00004", subjects=2, model="learning_unit", day="2025-05-20"),
        step("units-p22", "recognised", None, 2023, "22", subjects=30, model="learning_unit"),
        step("units-c22", "recognised", None, 2023, "07192", subjects=4, model="learning_unit"),
        families("units-22", "22", 2023, 60, 100, measure="learning_unit", subject_scope="unit"),
        held("held-d026", "026", "2024-05-02", attendances=12), held("held-new-08", "08", "2025-08-02", attendances=9),
        held("held-old-02", "02", "2025-03-02", attendances=8),
    ],
    [
        # Areas in difficulty for the target of 2020: a province, and no other; a commune that ends being one; one taken
        # back; and figures of them and of their neighbours.
        difficult("hard-02", "02", "2016-01-01", "2019-12-31"),
        difficult("hard-07513", "07513", "2016-01-01", "2019-12-31", until="2018-12-31"),
        difficult("hard-00004", "00004", "2016-01-01", "2019-12-31"),
        families("aim-02", "02", 2018, 50, 100), families("aim-04", "04", 2018, 50, 100),
        families("aim-026", "026", 2018, 5, 10), families("aim-218", "218", 2018, 5, 10),
        families("aim-07513", "07513", 2018, 5, 10), families("aim-07513-b", "07513", 2019, 5, 10),
        families("aim-07507", "07507", 2018, 5, 10), families("aim-00007", "00007", 2018, 5, 10),
        target("plan-nation-2020", "01", 2020, "72", "2017-10-01", **{"area_level": "nation", "area_code": "00"}),
    ],
    [
        # Two plans begin in other years than they were stated in: one said twice, one that another province has too.
        event("reference.plan_issued", "issued-01", subject="plan plan-01", source="plan",
              body={"number": "90/KH", "from_year": 2021, "to_year": 2025}, **area("01", "2023-05-05")),
        event("reference.plan_issued", "issued-01-b", subject="x", source="plan",
              body={"number": "plan plan-01", "from_year": 2022, "to_year": 2025}, **area("01", "2025-08-05")),
        event("reference.plan_issued", "issued-24", subject="plan plan-27", source="plan",
              body={"number": "27/KH", "from_year": 2020, "to_year": 2025}, **area("24", "2023-05-05")),
    ],
    [
        event("reference.retracted", "hard-00004-gone", retracts="hard-00004", change_reason="not so",
              **area("00004", "2019-12-31")),
        due("due-2024", 2024, "2025-01-31"), due("due-2024-b", 2024, "2025-02-28"),
        due("due-2023", 2023, "2200-01-01"), due("due-2023-clans", 2023, "2024-01-31", "learning_clan"),
        due("due-2022", 2022, "2023-01-31"),
        event("reference.retracted", "due-2022-gone", retracts="due-2022", change_reason="not set"),
        held("held-2b", "02", "2024-10-03", kind="activity.corrected", supersedes="held-2", attendances=55),
        retracted("held-3-gone", "held-3", "02", "2024-11-03", family="activity"),
    ],
]  # fmt: skip


# Another seed makes other events; which of them is not a matter of chance.
SEED = 7


def main():
    address = sys.argv[1]
    for number, batch in enumerate(at_random(SEED, 600) + BATCHES):
        request = urllib.request.Request(
            f"http://{address}/v1/events",
            data="".join(json.dumps(e, ensure_ascii=False) + "\n" for e in batch).encode(),
            headers={"content-type": "application/x-ndjson"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text, status = answer.read().decode(), answer.status
        except urllib.error.HTTPError as error:
            text, status = error.read().decode(), error.code
        if status != 202:
            sys.exit(f"batch {number} was answered {status}: {text}")


if __name__ == "__main__":
    main()
