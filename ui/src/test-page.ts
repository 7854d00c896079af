// The little of a page that pure logic looks at when it is loaded.
Object.assign(globalThis, { location: new URL("http://page.example/"), history: {} });
