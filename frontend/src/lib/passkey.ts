// What a page needs to use a passkey. Loaded when somebody wants to, never on a first visit.
// Browsers before 2025 lack parseCreationOptionsFromJSON and toJSON, so both are written out here.

type Options = { challenge: string; user?: { id: string }; excludeCredentials?: Known[]; allowCredentials?: Known[] };
type Known = { id: string };

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer: ArrayBuffer | null | undefined): string | undefined {
  if (!buffer) return undefined;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function read(options: unknown) {
  const { challenge, user, excludeCredentials, allowCredentials, ...rest } = options as Options;
  const known = (all?: Known[]) => all?.map((one) => ({ ...one, id: bytes(one.id) }));
  return {
    ...rest,
    challenge: bytes(challenge),
    ...(user && { user: { ...user, id: bytes(user.id) } }),
    excludeCredentials: known(excludeCredentials),
    allowCredentials: known(allowCredentials),
  };
}

function write(made: PublicKeyCredential): Record<string, unknown> {
  const { clientDataJSON, ...more } = {
    clientDataJSON: made.response.clientDataJSON,
    attestationObject: (made.response as AuthenticatorAttestationResponse).attestationObject,
    authenticatorData: (made.response as AuthenticatorAssertionResponse).authenticatorData,
    signature: (made.response as AuthenticatorAssertionResponse).signature,
    userHandle: (made.response as AuthenticatorAssertionResponse).userHandle,
  };
  const response: Record<string, unknown> = { clientDataJSON: text(clientDataJSON) };
  for (const [name, value] of Object.entries(more)) if (value) response[name] = text(value);
  const transports = (made.response as AuthenticatorAttestationResponse).getTransports?.();
  if (transports) response.transports = transports;
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    response,
    clientExtensionResults: {},
    ...(made.authenticatorAttachment && { authenticatorAttachment: made.authenticatorAttachment }),
  };
}

/** A new passkey on this device, or nothing when the person changed their mind. */
export async function createPasskey(options: unknown): Promise<Record<string, unknown> | undefined> {
  return ask(() => navigator.credentials.create({ publicKey: read(options) as unknown as PublicKeyCredentialCreationOptions }));
}

/** The answer of a passkey, or nothing when the person changed their mind or has none here. */
export async function usePasskey(options: unknown): Promise<Record<string, unknown> | undefined> {
  return ask(() => navigator.credentials.get({ publicKey: read(options) as unknown as PublicKeyCredentialRequestOptions }));
}

async function ask(device: () => Promise<Credential | null>): Promise<Record<string, unknown> | undefined> {
  try {
    const made = await device();
    return made ? write(made as PublicKeyCredential) : undefined;
  } catch (error) {
    // Closed, timed out, none here, or this one is known already: nothing happened, and the page says what else there is.
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
