"""Holds the four files of a report against each other, and looks at every page that is made of them.

In: NAME, beside which NAME.docx, NAME.pdf, NAME.xlsx and NAME.html are. Out: a line a check, with what differs; exit code 1
where anything does. The page is what the others are held against: its texts, its tables cell by cell, its charts.
"""

import argparse
import os
import pathlib
import shutil

from fontTools.ttLib import TTFont

from files import Docx, Html, Xlsx, plain
from pages import Pdf, run, squeezed

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{work}/letters</dir>
  <cachedir>{work}/cache</cachedir>
</fontconfig>
"""
# How many differences of a check are shown.
SHOWN = 5


class Checks:
    def __init__(self):
        self.failed = 0

    def check(self, name, problems, seen=""):
        problems = list(problems)
        self.failed += bool(problems)
        print(f"  {name}: {'DIFFERENT' if problems else 'as it should be'}{f', {seen}' if seen else ''}")
        for problem in problems[:SHOWN]:
            print(f"      {problem}")
        if len(problems) > SHOWN:
            print(f"      and {len(problems) - SHOWN} more")


def differences(name, rows, others):
    """What differs between two tables' rows, cell by cell."""
    if len(rows) != len(others):
        yield f"{name}: {len(others)} rows for {len(rows)}"
    for at, (row, other) in enumerate(zip(rows, others), 1):
        if len(row) != len(other):
            yield f"{name}, row {at}: {len(other)} cells for {len(row)}"
        for column, (cell, its) in enumerate(zip(row, other), 1):
            if cell != its:
                yield f"{name}, row {at}, column {column}: {its!r} for {cell!r}"


def behind_head(heads, rows):
    """The rows behind a table's head, which is where all of its heads stand within two rows; `None` where it is not there."""
    for at, row in enumerate(rows):
        for lines in (1, 2):
            found = [cell for line in rows[at:at + lines] for cell in line if cell]
            if sorted(found) == sorted(head for head in heads if head):
                return rows[at + lines:]
    return None


def docx_tables(page, docx):
    """Layout has tables, too: each of the page's is the next that has its heads."""
    candidates = iter(list(docx.tables()))
    for at, (heads, rows) in enumerate(page, 1):
        body = next((body for rows_of in candidates if (body := behind_head(heads, rows_of)) is not None), None)
        if body is None:
            yield f"table {at}: not there, or its heads differ from {heads}"
            return
        yield from differences(f"table {at}", rows, body)


def xlsx_tables(page, xlsx):
    sheets = list(xlsx.tables())
    if len(sheets) != len(page):
        yield f"{len(sheets)} sheets for {len(page)} tables"
    for at, ((heads, rows), sheet) in enumerate(zip(page, sheets), 1):
        body = behind_head(heads, sheet)
        if body is None:
            yield f"table {at}: its heads differ from {heads}"
            continue
        # Below the table there are remarks.
        yield from differences(f"table {at}", rows, body[:len(rows)])


def pdf_rows(page, pdf):
    """Rows that are not in a PDF, each from where the one before it was."""
    text, begin = pdf.text(), 0
    for at, (_, rows) in enumerate(page, 1):
        for number, row in enumerate(rows, 1):
            wanted = squeezed("".join(row))
            found = text.find(wanted, begin)
            if found < 0:
                yield f"table {at}, row {number}: {' | '.join(row)}"
            else:
                begin = found + len(wanted)


def missing_texts(html, pdf):
    repeated = [text for text in (html.origin, html.warning) if text]
    text, whole = pdf.running_text(repeated), pdf.text()
    for wanted in html.texts():
        if squeezed(wanted) not in text and squeezed(wanted) not in whole:
            yield f"{wanted!r} is not there"


def empty_pages(pdf, work):
    if pdf.pages() == 0:
        yield "there is no page"
    for number, rows in enumerate(pdf.points(work), 1):
        if sum(point < 160 for row in rows for point in row) < 20:
            yield f"page {number} is empty"


def outside(pdf):
    """Words that are not wholly on their page, and words that lie on others."""
    for number, ((width, height), words) in enumerate(pdf.words(), 1):
        for left, top, right, bottom, word in words:
            if left < -1 or top < -1 or right > width + 1 or bottom > height + 1:
                yield f"page {number}: {word!r} is not wholly on it"
        yield from (f"page {number}: {pair}" for pair in overlapping(words))


def overlapping(words):
    words = sorted(words, key=lambda word: word[1])
    for at, (left, top, right, bottom, word) in enumerate(words):
        for other_left, other_top, other_right, other_bottom, other in words[at + 1:]:
            if other_top >= bottom:
                break
            across = min(right, other_right) - max(left, other_left)
            down = min(bottom, other_bottom) - other_top
            if across > 2 and down > 0.6 * min(bottom - top, other_bottom - other_top):
                yield f"{word!r} lies on {other!r}"


def undrawn(captions, pdf, work, dots=30):
    """Captions that are not in a PDF, or have nothing above them but words."""
    pages = list(zip(pdf.words(), pdf.points(work, dots)))
    for caption in captions:
        wanted = squeezed(caption)
        for (_, words), rows in pages:
            first = next((at for at in range(len(words)) if squeezed("".join(word[4] for word in words[at:at + 60])).startswith(wanted)), None)
            if first is None:
                continue
            scale = dots / 72
            top = int(words[first][1] * scale)
            # Of the 60 mm above the caption.
            above = [bytearray(row) for row in rows[max(0, top - int(60 / 25.4 * dots)):top]]
            begin = top - len(above)
            for left, word_top, right, bottom, _ in words:
                for line in range(max(begin, int(word_top * scale) - 1), min(top, int(bottom * scale) + 2)):
                    span = slice(max(0, int(left * scale) - 1), int(right * scale) + 2)
                    blank = above[line - begin][span]
                    above[line - begin][span] = b"\xff" * len(blank)
            if sum(point < 235 for row in above for point in row) < 40:
                yield f"{caption!r} has nothing drawn above it"
            break
        else:
            yield f"{caption!r} is not there"


def lent(fonts, work):
    """The report's fonts under the name of those that the files ask for, which are not free; how fontconfig finds them."""
    folder = work / "letters"
    folder.mkdir(exist_ok=True)
    for path in sorted(fonts.glob("*.ttf")):
        font = TTFont(path)
        for entry in font["name"].names:
            if entry.nameID in (1, 16):
                entry.string = "Times New Roman"
            elif entry.nameID in (4, 6):
                entry.string = str(entry).replace("Tinos", "TimesNewRoman")
        font.save(folder / path.name)
    config = work / "fonts.conf"
    config.write_text(FONTS.format(work=work), encoding="utf-8")
    return config


def set_by_others(report, work, fonts):
    """The files that are not set yet as PDFs, by the programs that readers use; a line for a program that is not there."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office:
        config = lent(fonts, work)
        for ending in ("docx", "xlsx"):
            folder = work / ending
            run(office, "--headless", f"-env:UserInstallation={(work / 'office').as_uri()}", "--convert-to", "pdf",
                "--outdir", folder, f"{report}.{ending}", env={**os.environ, "FONTCONFIG_FILE": str(config)})
            made = folder / f"{report.name}.pdf"
            if not made.exists():
                raise SystemExit(f"LibreOffice makes nothing of {report.name}.{ending}; is its part for {ending} installed?")
            yield f"{ending} in LibreOffice", Pdf(made), True
    else:
        print("  not run: there is no LibreOffice here (Debian: libreoffice-writer-nogui, libreoffice-calc-nogui)")
    browser = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
    if browser:
        made = work / "html.pdf"
        run(browser, "--headless", "--disable-gpu", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage",
            "--disable-background-networking", f"--user-data-dir={work}/browser", "--host-resolver-rules=MAP * ~NOTFOUND",
            "--no-pdf-header-footer", f"--print-to-pdf={made}", pathlib.Path(f"{report}.html").as_uri())
        yield "html in Chromium", Pdf(made), False
    else:
        print("  not run: there is no Chromium here (Debian: chromium)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder for what is made on the way")
    parser.add_argument("--fonts", type=pathlib.Path, required=True, help="the folder of the report's fonts")
    parser.add_argument("report", type=lambda text: pathlib.Path(text).resolve(), help="the files' path without their endings")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    report, work, checks = asked.report, asked.work.resolve(), Checks()

    html = Html(pathlib.Path(f"{report}.html"))
    page = list(html.tables())
    docx = Docx(f"{report}.docx")
    xlsx = Xlsx(f"{report}.xlsx", html.language)
    rows = sum(len(rows) for _, rows in page)
    checks.check("tables of the Word document", docx_tables(page, docx), f"{len(page)} tables, {rows} rows")
    checks.check("tables of the workbook", xlsx_tables(page, xlsx), f"{len(xlsx.names())} sheets")
    wanted = len(html.captions)
    counts = {"HTML": html.drawings, "DOCX": docx.drawings(), "XLSX": xlsx.drawings()}
    checks.check("charts", (f"{count} in {name} for {wanted} captions" for name, count in counts.items() if count != wanted), f"{wanted} charts")

    if not shutil.which("pdftotext"):
        print("  not run: there is no poppler here (Debian: poppler-utils)")
        raise SystemExit(bool(checks.failed))
    ours = Pdf(pathlib.Path(f"{report}.pdf"))
    fonts = ours.fonts()
    checks.check("fonts of the PDF", ["there is none"] if not fonts else [name for name, embedded in fonts if not embedded], f"{len(fonts)} fonts")
    checks.check("rows of the PDF", pdf_rows(page, ours), f"{rows} rows")
    checks.check("charts of the PDF", undrawn(html.captions, ours, work), f"{wanted} charts")
    for name, pdf, is_mapped in [("the PDF", ours, False), *set_by_others(report, work, asked.fonts)]:
        checks.check(f"texts of {name}", missing_texts(html, pdf))
        checks.check(f"pages of {name}", empty_pages(pdf, work), f"{pdf.pages()} pages")
        checks.check(f"words of {name}", outside(pdf))
        cut = [plain(line) for text in pdf.raw for line in text.splitlines() if "###" in line]
        checks.check(f"numbers of {name}", [f"{line!r} is cut" for line in cut])
        if is_mapped:
            letters = [font for font, _ in pdf.fonts() if "TimesNewRoman" not in font.replace(" ", "")]
            checks.check(f"letters of {name}", (f"some are of {font}" for font in letters))
    raise SystemExit(bool(checks.failed))


if __name__ == "__main__":
    main()
