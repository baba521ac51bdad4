// Before the first paint: the chosen theme, else the system's. Not a module, so that nothing flashes.
(function () {
  var chosen = localStorage.getItem("tandem-theme");
  var dark = chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
})();
