"""U7: a token that is rotated while the gateway runs."""

import faults
from fake_influx import accept
from held import mended
from rig import TOKEN


def test_u7_a_token_that_was_rotated_is_read_again(rig, fake, tmp_path):
    """The file is written anew, and nobody tells the gateway."""
    token = tmp_path / "token"
    token.write_text("an-old-token-that-was-revoked-42\n")

    def by_token(talk):
        if talk.headers.get("authorization") == f"Token {TOKEN}":
            return accept(talk)
        return faults.v2_error(401, "unauthorized", "unauthorized access")(talk)

    by_token.name = "401 until the token is the new one"
    health = mended(rig, fake, by_token, lambda _: token.write_text(f"{TOKEN}\n"), token=f'file "{token}"')
    assert "401" in health and "token" in health
