"""What can be done, each with its words. Who may do it is in store.permissions."""

from collections.abc import Mapping
from enum import StrEnum

from feed.errors import Message


class Verb(StrEnum):
    """What can be done. The values are stored. MARK sets or clears the flags `key` and `pinned` of an update.
    MINOR_EDIT changes public words, of an update or an article, without the mark "Updated"."""

    READ_DRAFT = "read draft"
    WRITE_DRAFT = "write draft"
    SUBMIT = "submit"
    TAKE_BACK = "take back submission"
    RETURN = "return submission"
    PUBLISH_SUBMISSION = "publish submission"
    SCHEDULE_SUBMISSION = "schedule submission"
    PUBLISH = "publish"
    EDIT = "edit"
    MINOR_EDIT = "minor edit"
    MARK = "mark"
    RETRACT = "retract"
    RESTORE_UPDATE = "restore"
    UNDO = "undo publication"
    EDIT_POINT = "edit point"
    CONFIRM_POINT = "confirm point"
    ERASE = "erase"
    SCHEDULE = "schedule"
    CANCEL = "cancel scheduled"
    FAIL = "fail to publish"  # what the site does by itself
    OPEN = "open coverage"
    CLOSE = "close coverage"
    OPEN_NEWS = "open news"
    CLOSE_NEWS = "close news"
    CREATE_ARTICLE = "create article"
    EDIT_ARTICLE = "edit article"
    EXPORT = "export"
    IMPORT = "import"
    ADD_PICTURE = "add picture"
    EDIT_PICTURE = "edit picture"
    CHANGE_PROFILE = "change profile"
    CHANGE_PASSWORD = "change own password"  # noqa: S105 - a verb
    ADD_SECOND_FACTOR = "add second factor"
    REMOVE_SECOND_FACTOR = "remove second factor"
    MAKE_RECOVERY_CODES = "make recovery codes"
    ADD_PERSON = "add person"
    INVITE = "invite person"
    REVOKE_INVITATION = "revoke invitation"
    ACCEPT_INVITATION = "accept invitation"
    CHANGE_ROLE = "change role"
    RESET_PASSWORD = "reset password"  # noqa: S105 - a verb
    DISABLE = "disable person"
    ENABLE = "enable person"
    SET_PASSWORD = "set password"  # noqa: S105 - a verb
    RESET_SECOND_FACTOR = "reset second factor"
    ADD_TOKEN = "add token"  # noqa: S105 - a verb
    REVOKE_TOKEN = "revoke token"  # noqa: S105 - a verb
    SIGN_IN = "sign in"
    SIGN_OUT = "sign out"
    REFUSE_SIGN_IN = "refuse sign-in"
    READ_LOG = "read log"
    REPAIR = "repair database"
    RERENDER = "render anew"
    ADOPT = "adopt database"
    RESTORE = "restore backup"


# How the desk lists them, beside who did it and when. Reading changes nothing, and is not recorded.
WORDS: Mapping[str, Message] = {
    Verb.WRITE_DRAFT: Message("wrote a draft"),
    Verb.SUBMIT: Message("submitted a text"),
    Verb.TAKE_BACK: Message("took a submitted text back"),
    Verb.RETURN: Message("returned a submitted text"),
    Verb.PUBLISH_SUBMISSION: Message("published a submitted text"),
    Verb.SCHEDULE_SUBMISSION: Message("scheduled a submitted text"),
    Verb.PUBLISH: Message("published"),
    Verb.EDIT: Message("edited"),
    Verb.MINOR_EDIT: Message("made a minor edit"),
    Verb.MARK: Message("marked"),
    Verb.RETRACT: Message("retracted"),
    Verb.RESTORE_UPDATE: Message("restored"),
    Verb.UNDO: Message("took back at once"),
    Verb.EDIT_POINT: Message("changed what we know"),
    Verb.CONFIRM_POINT: Message("confirmed what we know"),
    Verb.ERASE: Message("erased for good"),
    Verb.SCHEDULE: Message("scheduled"),
    Verb.CANCEL: Message("cancelled what was scheduled"),
    Verb.FAIL: Message("could not publish what was scheduled"),
    Verb.OPEN: Message("opened coverage"),
    Verb.CLOSE: Message("closed coverage"),
    Verb.OPEN_NEWS: Message("opened coverage"),
    Verb.CLOSE_NEWS: Message("closed coverage"),
    Verb.CREATE_ARTICLE: Message("created the article"),
    Verb.EDIT_ARTICLE: Message("edited the article"),
    Verb.EXPORT: Message("exported it"),
    Verb.IMPORT: Message("imported"),
    Verb.ADD_PICTURE: Message("added a picture"),
    Verb.EDIT_PICTURE: Message("changed the words of a picture"),
    Verb.CHANGE_PROFILE: Message("changed a profile"),
    Verb.CHANGE_PASSWORD: Message("changed their own password"),
    Verb.ADD_PERSON: Message("added a person"),
    Verb.INVITE: Message("invited a person"),
    Verb.REVOKE_INVITATION: Message("revoked an invitation"),
    Verb.ACCEPT_INVITATION: Message("used a one-time link"),
    Verb.CHANGE_ROLE: Message("changed the role of a person"),
    Verb.RESET_PASSWORD: Message("made a link for a new password"),
    Verb.DISABLE: Message("disabled a person"),
    Verb.ENABLE: Message("enabled a person"),
    Verb.SET_PASSWORD: Message("set a password"),
    Verb.ADD_TOKEN: Message("made a token"),
    Verb.REVOKE_TOKEN: Message("revoked tokens"),
    Verb.ADD_SECOND_FACTOR: Message("added a second factor"),
    Verb.REMOVE_SECOND_FACTOR: Message("removed a second factor"),
    Verb.MAKE_RECOVERY_CODES: Message("made recovery codes"),
    Verb.RESET_SECOND_FACTOR: Message("reset the second factor of a person"),
    Verb.SIGN_IN: Message("signed in"),
    Verb.SIGN_OUT: Message("signed out"),
    Verb.REFUSE_SIGN_IN: Message("refused a sign-in"),
    Verb.REPAIR: Message("repaired the database"),
    Verb.RERENDER: Message("rendered all texts anew"),
    Verb.ADOPT: Message("let all open pages reload"),
    Verb.RESTORE: Message("restored a backup: what was done since is undone, but for retractions"),
}
