// Says that it runs, so that a test knows when to look at the pixels.
"use strict";
document.title = "covered";
