declare global {
  /** Written by the build, for the service worker. */
  const __VERSION__: string;
  const __LANGUAGE__: string;

  namespace App {
    interface Error {
      message: string;
    }
  }
}

export {};
