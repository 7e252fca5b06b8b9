// The top layer of the page lies above every z-index.
"use strict";
document.getElementById("over").showModal();
document.title = "covered";
