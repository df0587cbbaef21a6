"""Every test of the suite, as it ships with SQLAlchemy."""

from sqlalchemy.testing.suite import *  # noqa: F401,F403
