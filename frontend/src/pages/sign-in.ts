/** The demo's sign-in page: a click on a person fills the form. */
document.addEventListener("click", (event) => {
  const choice = (event.target as Element).closest<HTMLElement>("[data-fill-email]");
  if (!choice) return;
  const email = document.querySelector<HTMLInputElement>("#email");
  const password = document.querySelector<HTMLInputElement>("#password");
  if (!email || !password) return;
  email.value = choice.dataset.fillEmail ?? "";
  password.value = choice.dataset.fillPassword ?? "";
  password.form?.querySelector<HTMLButtonElement>("button[type=submit]")?.focus();
});
export {};
