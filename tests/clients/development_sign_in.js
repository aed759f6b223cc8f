import { Amplify } from "aws-amplify";
import { decodeJWT } from "aws-amplify/auth";

/** `Amplify.configure` for an app whose callers do not sign in: `token` gives the development token to send. */
export function configureWithToken(configuration, token) {
  const getTokens = async () => ({ accessToken: decodeJWT(token()) });
  Amplify.configure(configuration, { Auth: { tokenProvider: { getTokens } } });
}
