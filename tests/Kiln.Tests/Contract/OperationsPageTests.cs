using Kiln.Service.Calls;
using Kiln.Tests.Architecture;

namespace Kiln.Tests.Contract;

public sealed class OperationsPageTests
{
    [Fact]
    public void The_page_of_operations_is_up_to_date()
    {
        var text = OperationsPage.Write(new OperationTable());
        var page = Path.Combine(Tree.Root, OperationsPage.File);
        if (Environment.GetEnvironmentVariable("KILN_UPDATE_DOCS") == "1")
            File.WriteAllText(page, text);
        Assert.True(File.Exists(page) && File.ReadAllText(page) == text,
            $"{OperationsPage.File} is stale: run "
            + "KILN_UPDATE_DOCS=1 ./test.sh -class 'Kiln.Tests.Contract.OperationsPageTests'");
    }
}
