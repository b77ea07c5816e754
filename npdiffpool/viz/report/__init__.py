"""The report of a run: one HTML page that works without network access.

Read `page` first, which fills the template; `svg` draws its charts, and `explorer`
computes the data of its interactive part, drawn by ``template/report.js``. The files
``template/look.css`` and ``template/drawing.js`` are shared with the annotated page.
"""
