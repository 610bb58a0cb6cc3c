//! `TRACEPARENT`: the trace that a run is part of (W3C Trace Context, section 3.2).

/// The trace id and the span id of a valid header; nothing of any other.
pub(super) fn ids(traceparent: &str) -> Option<(String, String)> {
    let mut parts = traceparent.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let (span, flags) = (parts.next()?, parts.next()?);
    // Later versions may add to the end, this one may not.
    let ends = version != "00" || parts.next().is_none();
    let sound = is_hex(version, 2) && version != "ff" && is_hex(flags, 2);
    let ids = is_hex(trace, 32) && is_hex(span, 16) && !is_zero(trace) && !is_zero(span);
    (ends && sound && ids).then(|| (trace.to_owned(), span.to_owned()))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::ids;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn a_valid_header_names_its_trace() {
        let expected = Some((TRACE.to_owned(), SPAN.to_owned()));
        assert_eq!(ids(&format!("00-{TRACE}-{SPAN}-01")), expected);
        assert_eq!(ids(&format!("cc-{TRACE}-{SPAN}-00")), expected);
        assert_eq!(ids(&format!("01-{TRACE}-{SPAN}-01-what-comes-later")), expected);
    }

    #[test]
    fn anything_else_names_none() {
        let zero = "0".repeat(32);
        let upper = TRACE.to_uppercase();
        for header in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}-01 "),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{zero}-{SPAN}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{upper}-{SPAN}-01"),
            format!("00-{SPAN}-{TRACE}-01"),
            format!("0x-{TRACE}-{SPAN}-01"),
        ] {
            assert_eq!(ids(&header), None, "{header}");
        }
    }
}
