/** Puppeteer drives the browser that is installed; `npm ci` must not download another. */
module.exports = { skipDownload: true };
