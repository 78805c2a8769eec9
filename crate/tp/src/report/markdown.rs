//! Markdown as HTML that holds nothing active: raw HTML is shown as it is written, a link is its text and its address, a
//! picture is one of the cell's own attachments, an equation is MathML.

use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};
use serde_json::Value;

use super::outputs;
use crate::notebook::mathml;

/// What a student wrote, as HTML that keeps its lines.
pub fn answer(text: &str, attachments: &Value) -> String {
    html_of(text, attachments, true)
}

/// A text as HTML; `attachments` are those of its cell, `Value::Null` where it has none.
pub fn to_html(text: &str, attachments: &Value) -> String {
    html_of(text, attachments, false)
}

fn html_of(text: &str, attachments: &Value, keeps_lines: bool) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
    let mut writer = Writer {
        attachments,
        keeps_lines,
        events: Vec::new(),
        links: Vec::new(),
        picture: None,
    };
    for event in Parser::new_ext(text, options) {
        writer.take(event);
    }
    let mut page = String::new();
    html::push_html(&mut page, writer.events.into_iter());
    page
}

/// One line of Markdown, such as a heading, as HTML that stands within a paragraph.
pub fn inline(text: &str) -> String {
    let page = to_html(text, &Value::Null);
    let page = page.trim();
    let inside = page
        .strip_prefix("<p>")
        .and_then(|rest| rest.strip_suffix("</p>"));
    match inside {
        Some(inside) if !inside.contains("<p>") => inside.to_owned(),
        // « 1. » or « - » alone would make a list of a heading.
        _ => super::escaped(text),
    }
}

struct Writer<'a> {
    attachments: &'a Value,
    /// Whether the end of a line is one on the page.
    keeps_lines: bool,
    events: Vec<Event<'a>>,
    /// The address of each open link, where it is to be told.
    links: Vec<Option<String>>,
    /// The address and the description, so far, of the picture that is open.
    picture: Option<(String, String)>,
}

impl<'a> Writer<'a> {
    fn take(&mut self, event: Event<'a>) {
        if let Some((_, description)) = &mut self.picture {
            match event {
                Event::Text(text) | Event::Code(text) => description.push_str(&text),
                Event::SoftBreak => description.push(' '),
                Event::End(TagEnd::Image) => self.show_picture(),
                _ => {}
            }
            return;
        }
        let shown = match event {
            Event::Html(text) | Event::InlineHtml(text) => match text.trim() {
                "<br>" | "<br/>" | "<br />" => Event::HardBreak,
                _ => Event::Text(text),
            },
            Event::SoftBreak if self.keeps_lines => Event::HardBreak,
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::InlineMath(latex) => equation(latex, false),
            Event::DisplayMath(latex) => equation(latex, true),
            // The page has headings of its own.
            Event::Start(Tag::Heading { .. }) => Event::Start(Tag::Heading {
                level: HeadingLevel::H5,
                id: None,
                classes: Vec::new(),
                attrs: Vec::new(),
            }),
            Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(HeadingLevel::H5)),
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                ..
            }) => {
                let told = !matches!(link_type, LinkType::Autolink | LinkType::Email)
                    && dest_url.contains("://");
                self.links.push(told.then(|| dest_url.into_string()));
                return;
            }
            Event::End(TagEnd::Link) => match self.links.pop().flatten() {
                Some(address) => Event::Text(format!(" ({address})").into()),
                None => return,
            },
            Event::Start(Tag::Image { dest_url, .. }) => {
                self.picture = Some((dest_url.into_string(), String::new()));
                return;
            }
            other => other,
        };
        self.events.push(shown);
    }

    fn show_picture(&mut self) {
        let Some((address, description)) = self.picture.take() else {
            return;
        };
        let own = address
            .strip_prefix("attachment:")
            .and_then(|name| self.attachments[name].as_object())
            .and_then(|forms| {
                forms.iter().find_map(|(media, data)| {
                    outputs::picture(media, data.as_str().unwrap_or_default(), &description)
                })
            });
        self.events.push(match own {
            Some(picture) => Event::InlineHtml(picture.into()),
            None => Event::Text(format!("[image absente : {description}]").into()),
        });
    }
}

/// MathML, or the LaTeX itself where it is not known.
fn equation(latex: CowStr<'_>, display: bool) -> Event<'_> {
    match mathml::from_latex(&latex, display) {
        Some(math) => Event::InlineHtml(math.into()),
        None => Event::Code(latex),
    }
}
