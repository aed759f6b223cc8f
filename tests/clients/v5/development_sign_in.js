/** Leave in the storage what `Auth.signIn` leaves there, with a development token in place of Cognito's. */
export function signIn(storage, { aws_user_pools_web_client_id: clientId }, token) {
  const { username } = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  const pool = `CognitoIdentityServiceProvider.${clientId}`;
  storage.setItem(`${pool}.LastAuthUser`, username);
  storage.setItem(`${pool}.${username}.idToken`, token);
  storage.setItem(`${pool}.${username}.accessToken`, token);
}
