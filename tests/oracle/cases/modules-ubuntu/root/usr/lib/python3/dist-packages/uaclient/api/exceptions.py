class UserFacingError(Exception):
    pass
