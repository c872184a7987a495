"""PDFs, set by others and our own: their pages, words and points, by poppler's programs."""

import html
import re
import subprocess
import unicodedata

# A letter of two, as some fonts join them.
JOINED = str.maketrans({"ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl"})


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False, timeout=900, **more)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def squeezed(text):
    """A text without gaps, hyphens and places to break, which each program puts where lines end."""
    text = unicodedata.normalize("NFC", text.translate(JOINED))
    return re.sub(r"[\s\u00ad\u200b\u2010\u2011-]", "", text)


class Pdf:
    def __init__(self, path):
        self.path = path
        # In the order in which it was set, so that the lines of a cell stand together.
        raw = run("pdftotext", "-raw", "-enc", "UTF-8", path, "-").decode()
        self.raw = raw.split("\f")[:-1]

    def pages(self):
        return len(self.raw)

    def text(self):
        return squeezed("".join(self.raw))

    def running_text(self, repeated):
        """The text without what is repeated on every page, and without the pages' numbers."""
        pages = []
        for number, page in enumerate(self.raw, 1):
            page = squeezed(page)
            for text in repeated:
                page = page.replace(squeezed(text), "")
            pages.append(page.removeprefix(str(number)).removesuffix(str(number)))
        return "".join(pages)

    def fonts(self):
        """Names of fonts, and whether they are in the file."""
        lines = run("pdffonts", self.path).decode().splitlines()
        # Columns are as wide as the line of dashes says.
        spans = [match.span() for match in re.finditer(r"-+", lines[1])]
        column = {lines[0][begin:end].strip(): (begin, end) for begin, end in spans}
        name, embedded = column["name"], column["emb"]
        return [(line[slice(*name)].strip(), line[slice(*embedded)].strip() == "yes") for line in lines[2:]]

    def words(self):
        """Of each page its size, and its words as left, top, right, bottom and text."""
        found = []
        for line in run("pdftotext", "-bbox", self.path, "-").decode().splitlines():
            if match := re.search(r'<page width="([\d.]+)" height="([\d.]+)"', line):
                found.append(((float(match[1]), float(match[2])), []))
            elif match := re.search(r'<word xMin="(-?[\d.]+)" yMin="(-?[\d.]+)" xMax="(-?[\d.]+)" yMax="(-?[\d.]+)">(.*)</word>', line):
                found[-1][1].append((*(float(match[at]) for at in range(1, 5)), html.unescape(match[5])))
        return found

    def points(self, work, dots=30):
        """Of each page its rows of grey points, so many an inch."""
        prefix = work / f"{self.path.stem}-{self.path.suffix[1:]}"
        run("pdftoppm", "-gray", "-r", dots, self.path, prefix)
        for path in sorted(work.glob(f"{prefix.name}-*.pgm"), key=lambda path: int(path.stem.rsplit("-", 1)[1])):
            data = path.read_bytes()
            path.unlink()
            header = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", data)
            width = int(header[1])
            body = data[header.end():]
            yield [body[at:at + width] for at in range(0, len(body), width)]
