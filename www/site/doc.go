// Package site assembles and serves the tabgrad page.
//
// [Assemble] copies the page, the engine and uPlot into one folder of static files that any web server can serve under
// any path. [Handler] serves such a folder as a development server should: with the headers that give a page shared
// memory (COOP and COEP), a strict Content-Security-Policy, and MNIST's files beside the page where they can be had.
//
// The commands are www/build and www/serve; the browser tests in www/e2e use this package directly. It is not a server
// for production: it has no compression and tells browsers to ask again for every file.
package site
