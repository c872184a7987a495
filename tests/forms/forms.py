"""Fills the forms of a template, and says what has to come of it.

The sheet of the template that shows the form filled in is copied into the sheet that is to be filled in. What SQL has to tell
is written down here for the day 2024-12-20 and the area 02.
"""

import csv
import json
import pathlib
import sys
import zipfile

import openpyxl

FORM, EXAMPLE, RESULT = "Biểu nhập", "Ví dụ", "Kết quả"
# Row of the header on the sheet that is filled in.
HEADER = 3

TOKENS = ["vi-du-khong-phai-that-01", "vi-du-khong-phai-that-02"]

# What is asked of the table, and its rows.
TOLD = {
    "statement": (
        "select fact, measure, area_code, period, numerator, numerator_precision, denominator, sessions, printed_percent, plan "
        "from ledger_statement order by fact",
        [
            ["activity", "seminar", "02", "2024", "1200", "over", "", "12", "", ""],
            ["actual", "learning_family", "02", "2024", "7350", "exact", "10000", "", "73.5", ""],
            ["target", "learning_family", "02", "2025", "", "", "", "", "75", "Kế hoạch số 01/KH-UBND của Ủy ban nhân dân"],
        ],
    ),
    "recognition": (
        "select step, model, year, area_code, occurred_on, subject_token, criteria_set, score, rating, decision_number, subjects "
        "from ledger_recognition order by step",
        [
            ["rated", "learning_family", "2024", "02", "2024-12-20", TOKENS[0], "22/2020", "87.5", "tốt", "", ""],
            ["recognised", "learning_family", "2024", "02", "2024-12-20", "", "", "", "", "01/QĐ-UBND", "120"],
            ["registered", "learning_family", "2024", "02", "2024-12-20", TOKENS[0], "", "", "", "", ""],
        ],
    ),
    "activity": (
        "select activity, occurred_on, sessions, sessions_precision, attendances, attendances_precision, persons, topic, "
        "organiser, week_year from ledger_activity order by activity",
        [
            ["seminar", "2024-12-20", "", "", "97", "", "90", "Xây dựng gia đình học tập", "Trung tâm học tập cộng đồng", ""],
            ["training_class", "2024-12-20", "12", "over", "1200", "about", "", "", "", "2024"],
        ],
    ),
    "membership": (
        "select change, occurred_on, area_code, subject_token, party_member from ledger_membership order by change",
        [
            ["joined", "2024-12-20", "02", TOKENS[0], "true"],
            ["left", "2024-12-20", "02", TOKENS[1], "false"],
        ],
    ),
    "reference": (
        "select kind, subject, effective_on, area_code, body from ledger_reference order by kind",
        [
            ["area_classified", "vi-du-vung-kho-khan", "2024-12-20", "02", {"class": "difficult"}],
            ["catalogue_entered", "vi-du-chi-tieu", "", "", {
                "id": "vi_du_doc_sach", "name_vi": "Người đọc sách (ví dụ)", "name_en": "Readers (an example)",
                "bases": ["population", "adult"],
            }],
            ["plan_issued", "vi-du-ke-hoach", "", "", {
                "number": "01/KH-UBND", "title": "Kế hoạch xây dựng xã hội học tập", "from_year": 2024, "to_year": 2029,
            }],
            ["return_due", "vi-du-han-bao-cao", "", "", {"year": 2024, "due": "2024-12-20"}],
            ["week_declared", "vi-du-tuan-le", "", "", {
                "year": 2024, "start": "2024-12-20", "end": "2024-12-26", "theme": "Học tập suốt đời",
            }],
        ],
    ),
}

# A column of each form, and something that it does not take.
SPOILT = {
    "statement": ("numerator", "đông lắm"),
    "recognition": ("step", "công nhậm"),
    "activity": ("attendances", "đông lắm"),
    "membership": ("change", "đi vắng"),
    "reference": ("kind", "gì đó"),
}


def column_of(sheet, row, field):
    """The column of a field, which the last line of the heading's note names."""
    for cell in sheet[row]:
        if cell.comment and cell.comment.text.strip().splitlines()[-1] == field:
            return cell.column
    raise SystemExit(f"no heading of {sheet.title} has a note that names {field}")


def fill(source, target, form, way):
    book = openpyxl.load_workbook(source)
    sheet, example = book[FORM], book[EXAMPLE]
    rows = list(example.iter_rows(min_row=2))
    if way == "reversed":
        rows.reverse()
    for at, row in enumerate(rows, HEADER + 1):
        for cell in row:
            if cell.value is not None:
                copy = sheet.cell(at, cell.column, cell.value)
                copy.number_format = cell.number_format
    if way == "spoilt":
        field, value = SPOILT[form]
        sheet.cell(HEADER + 1, column_of(sheet, HEADER, field), value)
    book.save(target)


def differences(form, path):
    _, expected = TOLD[form]
    with open(path, encoding="utf-8", newline="") as file:
        told = list(csv.reader(file))[1:]
    told = [[json.loads(cell) if cell.startswith("{") else cell for cell in row] for row in told]
    if told != expected:
        yield f"{len(told)} rows for {len(expected)}"
        yield from (f"{row}" for row in told if row not in expected)


def returned(form, spoilt, path):
    """What is wrong with a sheet that came back, as LibreOffice saved it."""
    with zipfile.ZipFile(path) as parts:
        if b"LibreOffice" not in parts.read("docProps/app.xml"):
            yield "LibreOffice has not saved it"
    field, value = SPOILT[form]
    column = column_of(openpyxl.load_workbook(spoilt)[FORM], HEADER, field)
    sheet = openpyxl.load_workbook(path)[RESULT]
    cell = sheet.cell(HEADER + 1, column)
    if cell.value != value:
        yield f"{cell.coordinate} has {cell.value!r} for {value!r}"
    if cell.comment is None or "Cách sửa: " not in cell.comment.text:
        yield f"{cell.coordinate} has no comment in Vietnamese: {cell.comment and cell.comment.text!r}"
    if cell.fill.fgColor.rgb != "FFFFC7CE":
        yield f"{cell.coordinate} is not red but {cell.fill.fgColor.rgb}"
    result = next(one.column for one in sheet[HEADER] if one.value == RESULT)
    rows = [row for row in sheet.iter_rows(min_row=HEADER + 1) if any(one.value is not None for one in row)]
    results = [str(row[result - 1].value) for row in rows]
    if not results[0].startswith("Chưa nhận: ") or set(results[1:]) != {"Đã nhận"}:
        yield f"its rows say {results}"
    if not sheet.data_validations.dataValidation:
        yield "it has no drop-down"


def main():
    way, form, *paths = sys.argv[1:]
    if way == "question":
        print(TOLD[form][0])
        return
    if way in ("filled", "reversed", "spoilt"):
        fill(*map(pathlib.Path, paths), form, way)
        return
    found = differences(form, *paths) if way == "told" else returned(form, *paths)
    problems = list(found)
    print(f"{form}, {way}: {'DIFFERENT' if problems else 'as it should be'}")
    for problem in problems:
        print(f"    {problem}")
    sys.exit(bool(problems))


main()
