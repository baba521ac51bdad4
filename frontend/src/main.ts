import "./style.css";
import "./lib/searching.css";
import "@tabler/core/dist/js/tabler.esm.js";
import Alpine from "@alpinejs/csp";
import "./lib/htmx";
import "./lib/passkeys";
import "./lib/forms";
import "./lib/shell";
import "./lib/searching";
import "./lib/state";

// Page entries register their components with Alpine.data; modules all run before DOMContentLoaded.
document.addEventListener("DOMContentLoaded", () => Alpine.start());
