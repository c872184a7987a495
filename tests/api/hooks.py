"""What schemathesis has to be told of the bodies: how those are written that it does not know, and that it packs none."""

import schemathesis

schemathesis.serializer.alias(["application/x-ndjson", "text/csv", "text/tab-separated-values"], "text/plain")
schemathesis.serializer.alias(
    ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.ms-excel"],
    "application/octet-stream",
)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A plain body that is said to be packed is refused before anything of it is read; ingest's own tests send such."""
    if case.headers and case.headers.get("Content-Encoding") in ("gzip", "zstd"):
        del case.headers["Content-Encoding"]
