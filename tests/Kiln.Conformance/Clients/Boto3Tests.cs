using System.Text.Json;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Clients;

/// <summary>Debian's boto3: clients, resources, waiters, paginators, and a URL signed beforehand.</summary>
public sealed class Boto3Tests(World world)
{
    [Fact]
    public async Task Takes_an_image_through_its_life()
    {
        Assert.SkipUnless(Directory.Exists("/usr/lib/python3/dist-packages/boto3"),
            "boto3 is not installed (Debian's package python3-boto3).");
        const string Account = "777700000001";
        var snapshot = await world.Disk(71, Account);
        var outcome = await Command.Run("/usr/bin/python3",
            [
                Path.Combine(AppContext.BaseDirectory, "Clients", "Inputs", "boto3_image.py"),
                world.Kiln.Url, snapshot, world.Name("boto"),
            ], world.Kiln.Variables(Account, KilnProcess.R1), world.Kiln.Folder);

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        var said = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(4, said.GetProperty("blocks").GetInt32());
        Assert.Equal("Enabled", said.GetProperty("key").GetString());
    }
}
