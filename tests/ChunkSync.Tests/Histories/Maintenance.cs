using ChunkSync.Tests.Consistency;

namespace ChunkSync.Tests.Histories;

/// <summary>The steps of a history that write rows, and those that change schema and metadata.</summary>
internal static class Maintenance
{
    /// <summary>Runs a step that writes rows.</summary>
    public static void Write(AlteredReplica replica, HistoryStep step)
    {
        HistoryTable table = TableOf(step);
        IReadOnlyList<string> columns = replica.Columns(table);
        string? column = columns.Count == 0 ? null : columns[step.C / HistoryValues.Count % columns.Count];
        string value = HistoryValues.Literal(step.C);
        string keys = string.Join(", ", table.Keys);
        string key = string.Join(", ", table.Key(step.B));
        string? sql = step.Kind switch
        {
            StepKind.Put when column != null =>
                $"INSERT INTO {table.Name}({keys}, {column}) VALUES ({key}, {value}) ON CONFLICT({keys}) DO UPDATE SET {column} = excluded.{column}",
            StepKind.Replace when column != null => $"INSERT OR REPLACE INTO {table.Name}({keys}, {column}) VALUES ({key}, {value})",
            StepKind.Put => $"INSERT OR IGNORE INTO {table.Name}({keys}) VALUES ({key})",
            StepKind.Replace => $"INSERT OR REPLACE INTO {table.Name}({keys}) VALUES ({key})",
            StepKind.Update when column != null => $"UPDATE {table.Name} SET {column} = {value} WHERE {table.Where(step.B)}",
            StepKind.UpdateAll when column != null => $"UPDATE {table.Name} SET {column} = {value}",
            StepKind.DeleteAll => $"DELETE FROM {table.Name}",
            StepKind.Delete => $"DELETE FROM {table.Name} WHERE {table.Where(step.B)}",
            StepKind.Move => $"UPDATE OR REPLACE {table.Name} SET ({keys}) = ({string.Join(", ", table.Key(step.C))}) WHERE {table.Where(step.B)}",
            _ => null,
        };
        if (sql != null)
        {
            replica.Run(sql);
            replica.Look(StepEffect.None);
        }
    }

    /// <summary>Runs a step that changes schema or metadata.</summary>
    public static void Step(AlteredReplica replica, HistoryStep step)
    {
        HistoryTable table = TableOf(step);
        bool isHere = replica.Mode.Altering == table;
        switch (step.Kind)
        {
            case StepKind.AddColumn when isHere:
                Add(replica, table, step.B);
                break;
            case StepKind.DropColumn when isHere && Free(replica, table) is { Count: > 0 } free:
                replica.Run($"ALTER TABLE {table.Name} DROP COLUMN {free[step.B % free.Count]}");
                break;
            case StepKind.RenameColumn when isHere && Free(replica, table) is { Count: > 0 } free && Missing(replica, table) is { Count: > 0 } missing:
                replica.Run($"ALTER TABLE {table.Name} RENAME COLUMN {free[step.B % free.Count]} TO {missing[step.C % missing.Count]}");
                break;
            case StepKind.Rebuild when isHere:
                Rebuilding.Run(replica, table, step);
                break;
            case StepKind.CommitAlter when isHere:
                replica.CommitAlter();
                break;
            default:
                Outside(replica, table, step);
                break;
        }
    }

    private static HistoryTable TableOf(HistoryStep step) => HistoryTable.All[step.A % HistoryTable.All.Length];

    /// <summary>The columns that may be taken away: no filter reads them.</summary>
    private static List<string> Free(AlteredReplica replica, HistoryTable table) =>
        [.. replica.Columns(table).Where(column => replica.Mode.FilterColumns.GetValueOrDefault(table.Name) != column)];

    private static List<string> Missing(AlteredReplica replica, HistoryTable table) => [.. table.Pool.Except(replica.Columns(table))];

    private static void Add(AlteredReplica replica, HistoryTable table, int number)
    {
        List<string> missing = Missing(replica, table);
        if (missing.Count > 0)
        {
            replica.Run($"ALTER TABLE {table.Name} ADD COLUMN {HistoryTable.Declare(missing[number % missing.Count], replica.Number)}");
        }
    }

    /// <summary>Steps that come while nothing is being altered.</summary>
    private static void Outside(AlteredReplica replica, HistoryTable table, HistoryStep step)
    {
        if (replica.Mode.Altering != null)
        {
            return;
        }

        if (replica.Mode.Broken.Count > 0 && step.Kind is not (StepKind.BeginAlter or StepKind.EmptyPair or StepKind.Repair or StepKind.Reopen or StepKind.Switch
            or StepKind.Vacuum or StepKind.Recursive))
        {
            return;
        }

        switch (step.Kind)
        {
            case StepKind.BeginAlter:
                replica.BeginAlter(table);
                break;
            case StepKind.PlainAdd when Missing(replica, table).Count > 0:
                replica.Mode.Plain.Add(table.Name);
                Add(replica, table, step.B);
                replica.Look(StepEffect.None);
                break;
            case StepKind.PlainRename when Free(replica, table) is { Count: > 0 } free && Missing(replica, table) is { Count: > 0 } missing:
                replica.Mode.Broken.Add(table.Name);
                replica.Run($"ALTER TABLE {table.Name} RENAME COLUMN {free[step.B % free.Count]} TO {missing[step.C % missing.Count]}");
                break;
            case StepKind.Repair:
                Repair(replica, table, byInit: (step.B & 1) != 0);
                break;
            case StepKind.Rebuild:
                Rebuilding.Run(replica, table, step);
                break;
            case StepKind.Recapture:
                replica.Run($"SELECT cloudsync_recapture('{table.Name}'{((step.B & 1) != 0 ? ", 'values'" : "")})");
                replica.Look(StepEffect.Maintenance);
                break;
            case StepKind.Init:
                Repair(replica, table, byInit: true);
                break;
            case StepKind.EmptyPair:
                replica.BeginAlter(table);
                replica.CommitAlter();
                break;
            default:
                Settings(replica, table, step);
                break;
        }
    }

    private static void Repair(AlteredReplica replica, HistoryTable table, bool byInit)
    {
        if (byInit && !replica.Mode.Broken.Contains(table.Name))
        {
            replica.Mode.Mend(table);
            replica.Run($"SELECT cloudsync_init('{table.Name}')");
            replica.Look(StepEffect.Maintenance);
        }
        else
        {
            replica.BeginAlter(table);
            replica.CommitAlter();
        }
    }

    private static void Reopen(AlteredReplica replica, HistoryTable table, int how)
    {
        replica.Mode.Rebuilt = how == 2;
        replica.Reopen(how switch
        {
            1 => "UPDATE cloudsync_settings SET value = '1.1.0' WHERE key = 'version'",
            2 => $"DROP TRIGGER cloudsync_after_update_{table.Name}",
            _ => "",
        });
        if (replica.Mode.Rebuilt)
        {
            replica.Mode.Rebuilt = false;
            replica.Run($"SELECT cloudsync_recapture('{table.Name}')");
        }

        replica.Look(StepEffect.Maintenance);
    }

    private static void Settings(AlteredReplica replica, HistoryTable table, HistoryStep step)
    {
        switch (step.Kind)
        {
            case StepKind.SetFilter:
                (string expression, string? column) = table.Filter(step.B);
                if (column != null && !replica.Columns(table).Contains(column))
                {
                    return;
                }

                replica.Deviate(Deviation.Filter);
                replica.Run($"SELECT cloudsync_set_filter('{table.Name}', '{expression.Replace("'", "''", StringComparison.Ordinal)}')");
                replica.Mode.Filters[table.Name] = expression;
                replica.Mode.FilterColumns[table.Name] = column ?? "";
                replica.Look(StepEffect.Maintenance);
                break;
            case StepKind.ClearFilter:
                replica.Run($"SELECT cloudsync_clear_filter('{table.Name}')");
                replica.Mode.Filters.Remove(table.Name);
                replica.Mode.FilterColumns.Remove(table.Name);
                replica.Look(StepEffect.Maintenance);
                break;
            case StepKind.Disable:
                replica.Deviate(Deviation.Disabled);
                replica.Mode.Disabled[replica.Mode.Connection].Add(table.Name);
                replica.Run($"SELECT cloudsync_disable('{table.Name}')");
                break;
            case StepKind.Enable when replica.Mode.Disabled[replica.Mode.Connection].Remove(table.Name):
                replica.Run($"SELECT cloudsync_enable('{table.Name}')");
                break;
            case StepKind.Switch when !replica.InTransaction:
                replica.Switch();
                break;
            case StepKind.Track when !replica.InTransaction && !replica.Mode.Disabled.Any(tables => tables.Contains(table.Name)):
                replica.Run($"SELECT cloudsync_cleanup('{table.Name}')");
                replica.Mode.Filters.Remove(table.Name);
                replica.Mode.FilterColumns.Remove(table.Name);
                replica.Mode.Mend(table);
                replica.Run($"SELECT cloudsync_init('{table.Name}')");
                replica.Forget(table);
                break;
            case StepKind.Recursive:
                replica.Run("PRAGMA recursive_triggers = " + (step.B & 1));
                break;
            case StepKind.Vacuum when !replica.InTransaction:
                replica.Run("VACUUM");
                replica.Look(StepEffect.Maintenance);
                break;
            case StepKind.Reopen when !replica.InTransaction:
                Reopen(replica, table, step.B % 3);
                break;
        }
    }
}
