// Standard output belongs to the one line that says where the server is; what CAP tells goes to standard error.
console.log = console.info = console.warn = console.debug = console.error;
