"""What stands in the files of a report: texts, tables and pictures of HTML, DOCX and XLSX, in one form.

A table is a pair of its heads and its rows, each cell a text as a reader sees it; numbers of a workbook are shown by their
formats, as Excel shows them to readers of the report's language.
"""

import datetime
import decimal
import html.parser
import re
import unicodedata
import zipfile

import docx
import openpyxl
from docx.oxml.ns import qn

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]


def plain(text):
    """A text in the form NFC, its gaps as one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


class Node:
    """An element: its name, attributes, and elements and texts in it."""

    def __init__(self, name, attributes, above):
        self.name, self.attributes, self.above, self.children = name, dict(attributes), above, []

    def all(self, *names, outside=()):
        """The elements with these names in it, in order, but for those in elements with the names `outside`."""
        for child in self.children:
            if isinstance(child, Node) and child.name not in outside:
                if child.name in names:
                    yield child
                yield from child.all(*names, outside=outside)

    def text(self):
        return plain("".join(self.pieces()))

    def pieces(self):
        for child in self.children:
            if isinstance(child, Node):
                yield from child.pieces()
            else:
                yield child


class Tree(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("", [], None)
        self.feed(text)
        self.close()

    def handle_starttag(self, name, attributes):
        node = Node(name, attributes, self.at)
        self.at.children.append(node)
        if name not in VOID:
            self.at = node

    def handle_startendtag(self, name, attributes):
        self.at.children.append(Node(name, attributes, self.at))

    def handle_endtag(self, name):
        node = self.at
        while node is not self.root and node.name != name:
            node = node.above
        if node is not self.root:
            self.at = node.above

    def handle_data(self, text):
        self.at.children.append(text)


class Html:
    """The report as a page: what the other files are held against."""

    def __init__(self, path):
        root = Tree(path.read_text(encoding="utf-8")).root
        self.root = root
        self.language = next(root.all("html")).attributes["lang"]
        self.warning = next((node.text() for node in root.all("p") if node.attributes.get("class") == "warning"), None)
        self.origin = next(node.text() for node in root.all("p") if node.attributes.get("class") == "origin")
        self.captions = [node.text() for node in root.all("figcaption")]
        self.drawings = sum(1 for figure in root.all("figure") for _ in figure.all("svg"))

    def texts(self):
        """Headings, paragraphs, items and captions; not the contents, nor what the tables say."""
        for node in self.root.all("p", "h1", "h2", "h3", "h4", "li", "caption", "figcaption", outside=("nav", "svg", "style")):
            parts = list(node.all("span")) or [node]
            yield from (part.text() for part in parts if part.text())

    def tables(self):
        for table in self.root.all("table"):
            heads = [head.text() for head in next(table.all("thead")).all("th")]
            body = next(table.all("tbody"))
            yield heads, [[cell.text() for cell in row.all("td", "th")] for row in body.all("tr")]


class Docx:
    def __init__(self, path):
        self.body = docx.Document(str(path)).element.body

    def tables(self):
        """Every table, layout ones too: all rows, each as its cells; what a cell above reaches into is no cell of its own."""
        for table in self.body.iter(qn("w:tbl")):
            yield [[self.cell(cell) for cell in row.iterchildren(qn("w:tc"))] for row in table.iterchildren(qn("w:tr"))]

    @staticmethod
    def cell(cell):
        texts = []
        for paragraph in cell.iterchildren(qn("w:p")):
            pieces = []
            for piece in paragraph.iter(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:noBreakHyphen")):
                pieces.append((piece.text or "") if piece.tag == qn("w:t") else "-" if "Hyphen" in piece.tag else " ")
            texts.append("".join(pieces))
        return plain(" ".join(texts))

    def drawings(self):
        return sum(1 for _ in self.body.iter("{http://schemas.openxmlformats.org/drawingml/2006/picture}pic"))


class Xlsx:
    def __init__(self, path, language):
        self.path, self.language = path, language
        self.book = openpyxl.load_workbook(path)

    def tables(self):
        """The sheets behind the first: all rows as they are shown."""
        for sheet in self.book.worksheets[1:]:
            yield [[shown(cell, self.language) for cell in row] for row in sheet.iter_rows()]

    def names(self):
        return self.book.sheetnames

    def drawings(self):
        with zipfile.ZipFile(self.path) as parts:
            drawings = [name for name in parts.namelist() if re.fullmatch(r"xl/drawings/drawing\d+\.xml", name)]
            return sum(len(re.findall(rb"<(?:\w+:)?pic>", parts.read(name))) for name in drawings)


def sections(pattern):
    """The parts of a number format, each as a list of its tokens."""
    tokens = re.findall(r'"[^"]*"|\\.|\[[^\]]*\]|yyyy|mmmm|mm|m|dd|d|[#0,]+(?:\.0+)?|;|.', pattern)
    parts = [[]]
    for token in tokens:
        if token == ";":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def shown(cell, language):
    """A cell of a workbook as Excel shows it; what cannot be shown by the formats of a report is an error."""
    value, pattern = cell.value, cell.number_format
    if value is None:
        return ""
    if isinstance(value, str):
        return plain(value)
    parts = sections(pattern)
    part = parts[0]
    if not isinstance(value, datetime.date):
        if value < 0 and len(parts) > 1:
            part = parts[1]
        elif value == 0 and len(parts) > 2:
            part = parts[2]
    pieces = []
    for token in part:
        if token[0] == '"':
            pieces.append(token[1:-1])
        elif token[0] == "\\":
            pieces.append(token[1:])
        elif token[0] == "[":
            continue
        elif token[0] in "dmy":
            pieces.append(day_part(value, token))
        elif token[0] in "#0":
            pieces.append(number(abs(value), token, language))
        elif token in "+- ":
            pieces.append(token)
        else:
            raise SystemExit(f"{cell.coordinate}: the format {pattern} is not known")
    return plain("".join(pieces))


def day_part(day, token):
    return {
        "yyyy": f"{day.year}", "mmmm": MONTHS[day.month - 1], "mm": f"{day.month:02}", "m": f"{day.month}",
        "dd": f"{day.day:02}", "d": f"{day.day}",
    }[token]


def number(value, token, language):
    """As Excel rounds: of fifteen digits, half away from zero."""
    decimals = len(token.partition(".")[2])
    kept = decimal.Decimal(f"{value:.14e}")
    kept = kept.quantize(decimal.Decimal(1).scaleb(-decimals), rounding=decimal.ROUND_HALF_UP)
    text = f"{kept:,f}" if "," in token else f"{kept:f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "vi" else text
