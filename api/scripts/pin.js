// Fills in the pin from the SMS that brought it (WebOTP), where the browser can, and sends it.

const input = document.getElementById("pin");

if ("OTPCredential" in window && input) {
  const otp = { transport: ["sms"] };
  navigator.credentials.get({ otp }).then(
    ({ code }) => {
      input.value = code;
      input.form.requestSubmit();
    },
    () => {}, // Nobody allowed it, or no SMS came: the pin is typed.
  );
}
