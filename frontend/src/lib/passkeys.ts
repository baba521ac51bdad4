import { Refusal, send } from "./http";

/**
 * Passkeys by the browser's own WebAuthn. A button [data-passkey="get|create"] in a form fetches the options from
 * [data-options], lets the browser ask, puts the answer into the form's hidden field and sends the form.
 * Base64url by hand: the browsers' own JSON helpers are newer than the browsers in offices.
 */

type Fields = Record<string, unknown>;

function bytes(text: string): ArrayBuffer {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (char) => char.charCodeAt(0)).buffer;
}

function text(buffer: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const known = (list: unknown): PublicKeyCredentialDescriptor[] =>
  ((list ?? []) as (PublicKeyCredentialDescriptor & { id: string })[]).map((item) => ({ ...item, id: bytes(item.id) }));

async function create(options: Fields): Promise<Fields> {
  const user = options.user as Fields;
  const made = (await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge as string),
      user: { ...user, id: bytes(user.id as string) },
      excludeCredentials: known(options.excludeCredentials),
    } as unknown as PublicKeyCredentialCreationOptions,
  })) as PublicKeyCredential;
  const answer = made.response as AuthenticatorAttestationResponse;
  return {
    ...common(made),
    response: {
      clientDataJSON: text(answer.clientDataJSON),
      attestationObject: text(answer.attestationObject),
      transports: answer.getTransports?.() ?? [],
    },
  };
}

async function get(options: Fields): Promise<Fields> {
  const found = (await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge as string),
      allowCredentials: known(options.allowCredentials),
    } as unknown as PublicKeyCredentialRequestOptions,
  })) as PublicKeyCredential;
  const answer = found.response as AuthenticatorAssertionResponse;
  return {
    ...common(found),
    response: {
      clientDataJSON: text(answer.clientDataJSON),
      authenticatorData: text(answer.authenticatorData),
      signature: text(answer.signature),
      userHandle: answer.userHandle ? text(answer.userHandle) : null,
    },
  };
}

function common(credential: PublicKeyCredential): Fields {
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, clientExtensionResults: {} };
}

/** Show the buttons within `root` that this browser at this address can use, and say so of the others. */
export function fit(root: ParentNode): void {
  for (const button of root.querySelectorAll<HTMLElement>("[data-passkey]")) {
    const able = "PublicKeyCredential" in window && location.origin === button.dataset.origin;
    button.hidden = !able;
    const words = button.parentElement?.querySelector<HTMLElement>("[data-passkey-unfit]");
    if (words) words.hidden = able;
  }
}

async function use(button: HTMLButtonElement): Promise<void> {
  const form = button.form as HTMLFormElement;
  const said = form.querySelector<HTMLElement>("[data-passkey-said]");
  const making = button.dataset.passkey === "create";
  if (making && !form.reportValidity()) return;
  if (said) said.textContent = "";
  button.disabled = true;
  try {
    const options = await send<Fields>("POST", button.dataset.options ?? "");
    const answer = await (making ? create(options) : get(options));
    const field = form.querySelector<HTMLInputElement>(making ? "[name=credential]" : "[name=proof_passkey]");
    if (field) field.value = JSON.stringify(answer);
    // The code is not wanted then.
    form.noValidate = true;
    form.requestSubmit();
  } catch (error) {
    if (said) said.textContent = error instanceof Refusal ? error.message : (button.dataset.failed ?? "");
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>("button[data-passkey]");
  if (button) void use(button);
});
document.addEventListener("DOMContentLoaded", () => fit(document));
