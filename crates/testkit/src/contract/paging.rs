//! What listings have in common.

use std::fmt::Debug;

use greenroom_domain::shared::page::{Cursor, Page, PageLimit, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::StoreError;

type Listed<T> = Result<Page<T>, UnknownCursor>;

/// The first page, of this many.
pub(crate) fn first(limit: u16) -> PageRequest {
    PageRequest::first(PageLimit::new(limit).expect("1 to 100"))
}

/// The whole listing, the same in pages of one, of `some` and of the greatest size.
pub(crate) async fn all<T: Clone + Debug + PartialEq>(
    list: impl AsyncFn(PageRequest) -> Listed<T>,
    some: u16,
) -> Vec<T> {
    let whole = in_pages(&list, PageLimit::MAX).await;
    for limit in [1, some] {
        let limit = PageLimit::new(limit).expect("1 to 100");
        let again = in_pages(&list, limit).await;
        assert_eq!(again, whole, "in pages of {}", limit.get());
    }
    whole
}

/// The whole listing in pages of one size.
pub(crate) async fn in_pages<T: Debug>(
    list: &impl AsyncFn(PageRequest) -> Listed<T>,
    limit: PageLimit,
) -> Vec<T> {
    let mut items = Vec::new();
    let mut request = PageRequest::first(limit);
    loop {
        let page = list(request.clone()).await;
        let page = page.expect("a cursor of this listing");
        match &page.next {
            Some(_) => assert_eq!(
                page.items.len(),
                limit.get(),
                "a full page, for there is more"
            ),
            None => assert!(page.items.len() <= limit.get(), "no more than asked for"),
        }
        let begun = request.after.is_some();
        assert!(
            !(begun && page.items.is_empty()),
            "a cursor promised more, and there is none"
        );
        items.extend(page.items);
        assert!(items.len() < 1000, "a listing that does not end");
        let Some(next) = page.next else { return items };
        request.after = Some(next);
    }
}

/// Cursors that this listing did not make are refused: what a stranger made up, and those of
/// another listing.
pub(crate) async fn assert_unknown_cursors<T: Debug, U: Debug>(
    list: impl AsyncFn(PageRequest) -> Listed<T>,
    of_another: &[Result<Listed<U>, StoreError>],
) {
    let strange = [
        "",
        ":",
        "0",
        "null",
        "users:",
        "channels:\0",
        "streams:1:2",
        "../../etc/passwd",
        "00000000-0000-0000-0000-000000000000",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "🦀\u{0}\u{FFFF}",
    ];
    let made_up = strange.map(str::to_owned).into_iter();
    let too_long = std::iter::once("9".repeat(100_000));
    let others = of_another.iter().filter_map(|listed| match listed {
        Ok(Ok(page)) => page.next.clone().map(|cursor| cursor.0),
        _ => None,
    });
    for cursor in made_up.chain(too_long).chain(others) {
        let mut request = first(1);
        request.after = Some(Cursor(cursor.clone()));
        match list(request).await {
            Err(UnknownCursor) => {}
            Ok(page) => panic!("the cursor {cursor:.60?} was never given: {page:?}"),
        }
    }
}
