// Fills in the pin from the SMS that brought it (WebOTP), where the browser can, and sends it.

const input = document.getElementById("pin");

async function fill() {
  const { code } = await navigator.credentials.get({ otp: { transport: ["sms"] } });
  input.value = code;
  input.form.requestSubmit();
}

// Nobody allowed it, or no SMS came: the pin is typed.
if ("OTPCredential" in window && input) fill().catch(() => {});
