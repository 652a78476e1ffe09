namespace ChunkSync.Tests.Histories;

/// <summary>What a step of a history does. The meaning of a step's numbers A, B and C stands here; a step that makes no sense where it comes
/// does nothing, so that any part of a history is a history.</summary>
internal enum StepKind
{
    /// <summary>Table A, key B: an upsert of the value that C picks into the column that C picks.</summary>
    Put,

    /// <summary>Table A, key B: INSERT OR REPLACE, as <see cref="Put"/>.</summary>
    Replace,

    /// <summary>Table A, key B: an UPDATE of one column, both picked by C.</summary>
    Update,

    /// <summary>Table A: an UPDATE of one column of all rows, both picked by C.</summary>
    UpdateAll,

    /// <summary>Table A, key B: a DELETE.</summary>
    Delete,

    /// <summary>Table A: a DELETE of all rows.</summary>
    DeleteAll,

    /// <summary>Table A: the row of key B gets key C, and replaces what is there.</summary>
    Move,

    Begin,
    Commit,
    Rollback,
    Save,
    RollbackTo,
    Release,

    /// <summary>Table A: <c>cloudsync_begin_alter</c>.</summary>
    BeginAlter,

    /// <summary>Table A: adds the column that B picks; between begin and commit_alter only.</summary>
    AddColumn,

    /// <summary>Table A: drops the column that B picks; between begin and commit_alter only.</summary>
    DropColumn,

    /// <summary>Table A: renames the column that B picks to what C picks; between begin and commit_alter only.</summary>
    RenameColumn,

    CommitAlter,

    /// <summary>Table A: ADD COLUMN without begin and commit.</summary>
    PlainAdd,

    /// <summary>Table A: RENAME COLUMN without begin and commit. Changes cannot be read until <see cref="Repair"/>.</summary>
    PlainRename,

    /// <summary>Table A: what mends a plain ALTER: B even, an empty pair of begin and commit; B odd, <c>cloudsync_init</c>.</summary>
    Repair,

    /// <summary>Table A: SQLite's recipe for what ALTER TABLE cannot do, and <c>cloudsync_recapture</c>; between begin and commit_alter without that.
    /// B: columns to leave out and to put in; C: in a transaction or not, and with a write before the recapture or not.</summary>
    Rebuild,

    /// <summary>Table A: <c>cloudsync_recapture</c>, with 'values' where B is odd.</summary>
    Recapture,

    /// <summary>Table A: a repeated <c>cloudsync_init</c>.</summary>
    Init,

    /// <summary>Table A: begin and commit_alter with nothing between.</summary>
    EmptyPair,

    Vacuum,

    /// <summary>Closes the database and opens it again. B: 1, as if another version had written it; 2, without one of its triggers, and
    /// then <c>cloudsync_recapture</c>.</summary>
    Reopen,

    /// <summary>Table A: the filter that B picks.</summary>
    SetFilter,

    ClearFilter,

    /// <summary>Table A: <c>cloudsync_disable</c>.</summary>
    Disable,

    Enable,

    /// <summary>Table A: <c>cloudsync_cleanup</c> and <c>cloudsync_init</c>.</summary>
    Track,

    /// <summary>Goes on with another connection to the same file.</summary>
    Switch,

    /// <summary>PRAGMA recursive_triggers = B.</summary>
    Recursive,

    /// <summary>Puts a window, known as A, on its way. B: since when, in sevenths of what there is; C: 1 all sites, 2 small chunks.</summary>
    Send,

    /// <summary>Window A arrives. B: how (0 apply, 1 receive); C: which chunks and in which order.</summary>
    Deliver,

    /// <summary>Replica A gets what this one has written since it got it the last time.</summary>
    Sync,

    /// <summary>Forgets what was received from replica A.</summary>
    Forget,
}
