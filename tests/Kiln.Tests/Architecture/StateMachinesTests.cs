using System.Text;
using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.FastRestores;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Snapshots;

namespace Kiln.Tests.Architecture;

/// <summary>Draws the state machines from the tables that the code checks, so that page and code cannot
/// differ.</summary>
public sealed class StateMachinesTests
{
    private const string File = "docs/state-machines.md";

    [Fact]
    public void The_page_of_state_machines_is_up_to_date()
    {
        var text = Page();
        var path = Path.Combine(Tree.Root, File);
        if (Environment.GetEnvironmentVariable("KILN_UPDATE_DOCS") == "1")
            System.IO.File.WriteAllText(path, text);
        Assert.True(System.IO.File.Exists(path) && System.IO.File.ReadAllText(path) == text,
            $"{File} is stale: run KILN_UPDATE_DOCS=1 ./test.sh -class 'Kiln.Tests.Architecture.StateMachinesTests'");
    }

    private static string Page()
    {
        var page = new StringBuilder("""
            # State machines

            Drawn by a test from the tables in the code (`KILN_UPDATE_DOCS=1 ./test.sh` brings the page up to date);
            do not edit. A change that a table does not list is a bug and is refused where it is made. Every state that
            waits for something has a row in the work table that looks at it.

            """);
        Draw<ImageState>(page, "Image", "Ec2/Images/Image.cs", Image.MayBecome);
        Draw<SnapshotState>(page, "Snapshot", "Ec2/Snapshots/Snapshot.cs", (from, to) =>
            from == SnapshotState.Pending && to != SnapshotState.Pending);
        Draw<InstanceState>(page, "Instance", "Ec2/Instances/Instance.cs", Instance.MayBecome);
        Draw<FastSnapshotRestoreState>(
            page, "Fast snapshot restore", "Ec2/FastRestores/FastSnapshotRestore.cs", FastSnapshotRestore.MayBecome);
        return page.ToString();
    }

    private static void Draw<T>(StringBuilder page, string name, string file, Func<T, T, bool> may)
        where T : struct, Enum
    {
        page.Append('\n').Append("## ").Append(name).Append("\n\nThe table is in `src/Kiln.Service/").Append(file)
            .Append("`.\n\n```mermaid\nstateDiagram-v2\n");
        foreach (var from in Enum.GetValues<T>())
        {
            foreach (var to in Enum.GetValues<T>().Where(to => may(from, to)))
                page.Append("    ").Append(Text(from)).Append(" --> ").Append(Text(to)).Append('\n');
        }
        page.Append("```\n");
    }

    private static string Text<T>(T state)
        where T : struct, Enum => EnumTable.Of(typeof(T)).Text(state).Replace('-', '_');
}
