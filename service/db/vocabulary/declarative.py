"""The bases of model classes."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy.orm import DeclarativeBase, Mapped

from service.catalog.model import Rule
from service.db.vocabulary.annotations import ID, DateTime
from service.db.vocabulary.mapping import Member, arranged_members, map_members
from service.db.vocabulary.members import RootFields, created, key, updated


class Record(DeclarativeBase):
    """A model that brings nothing: it declares its own key and timestamps."""

    access: ClassVar[tuple[Rule, ...]] = ()
    """Who may do what: see `allow`. Empty: nobody anything."""
    operations: ClassVar[RootFields] = RootFields({})
    """Root fields that are called otherwise, or are not there."""
    plural: ClassVar[str | None] = None
    """The name of many, as in `listProducts`, if English has another than Amplify would form."""
    names_key: ClassVar[bool] = False
    """Whether its list query takes the key even if that is a plain `id`, as after `@primaryKey` on it."""
    is_join: ClassVar[bool] = False
    tenant: ClassVar[str | None] = None
    """The attribute that says which organization a row belongs to, if it is another than the package's `TENANT`."""
    api_members: ClassVar[tuple[Member, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        """Maps the class; an abstract one only keeps its attributes for those that follow."""
        cls.api_members = arranged_members(cls)
        if not cls.__dict__.get("__abstract__"):
            map_members(cls)
        super().__init_subclass__(**options)


class Model(Record):
    """What nearly every model is: found by an `id`, stamped when it is created and updated."""

    __abstract__ = True

    id: Mapped[ID] = key()
    created_at: Mapped[DateTime] = created()
    updated_at: Mapped[DateTime] = updated()


class JoinModel(Model):
    """The rows between the two sides of a many-to-many relation."""

    __abstract__ = True
    is_join: ClassVar[bool] = True
