"""${message}."""

from __future__ import annotations

% if statements:
from service.db.migrations.live import ${names}

% else:
import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
% endif
revision = "${up_revision}"
down_revision = ${f'"{down_revision}"' if isinstance(down_revision, str) else repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
% if statements:


${statements}
% endif
