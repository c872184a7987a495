//! A chart as vectors, in the midst of the page.

use maud::{Markup, PreEscaped, html};

use crate::document::Chart;
use crate::picture::Picture;

pub(super) fn chart(chart: &Chart, picture: &Picture) -> Markup {
    let id = format!("chart-{}", chart.id);
    html! {
        figure id=(id) {
            div role="img" aria-label=(chart.alternative) style={ "max-width: " (picture.width_mm) "mm" } {
                (PreEscaped(inlined(&picture.svg, &id)))
            }
            figcaption { (chart.caption) }
        }
    }
}

/// An SVG document as an element of another: without what stands before its root, its ids and the references to them with
/// the chart's own in front, as the page has other charts.
pub(super) fn inlined(svg: &str, id: &str) -> String {
    let mut rest = svg.find("<svg").map_or(svg, |at| &svg[at..]);
    let mut inlined = String::with_capacity(rest.len());
    // Texts between the tags stay as they are.
    while let Some(begin) = rest.find('<') {
        let end = rest[begin..].find('>').map_or(rest.len(), |end| begin + end + 1);
        inlined.push_str(&rest[..begin]);
        let mut tag = rest[begin..end].to_owned();
        for reference in [" id=\"", "url(#", "href=\"#"] {
            tag = tag.replace(reference, &format!("{reference}{id}-"));
        }
        inlined.push_str(&tag);
        rest = &rest[end..];
    }
    inlined.push_str(rest);
    inlined
}
