using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance;

public sealed class ServeTests
{
    [Fact]
    public async Task Starts_answers_the_aws_cli_and_stops_when_told()
    {
        await using var kiln = new KilnProcess();
        await kiln.InitializeAsync();

        var identity = await kiln.Aws(KilnProcess.B).Json("sts get-caller-identity");

        Assert.Equal(KilnProcess.B, identity.GetProperty("Account").GetString());
        Assert.Equal(0, await kiln.Stop());
    }

    [Fact]
    public async Task A_second_service_over_the_same_folder_is_refused_and_harms_nothing()
    {
        await using var kiln = new KilnProcess();
        await kiln.InitializeAsync();

        var second = await Command.Run(
            KilnProcess.Program, ["serve", "--data", kiln.DataFolder, "--listen", "127.0.0.1:0", "--dev"]);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("is in use by another Kiln", second.Errors, StringComparison.Ordinal);
        await kiln.Kill();
        await kiln.Start();
        Assert.Equal(0, await kiln.Stop());
    }

    [Theory]
    [InlineData("--listen", "nonsense", "--listen: 'nonsense' is not ADDRESS:PORT")]
    [InlineData("--guests", "docker", "--guests: 'docker' is not auto, qemu or simulated.")]
    [InlineData("--regions", "US", "--regions: 'US' is not a list of Region names")]
    [InlineData("--database", "mysql://x", "--database: 'mysql://x' is not a postgres://")]
    [InlineData("--cache-mib", "1", "--cache-mib: between 8 and 65536.")]
    public async Task A_wrong_setting_is_named_before_anything_starts(string option, string value, string sentence)
    {
        var folder = Directory.CreateTempSubdirectory("kiln-conf-").FullName;
        var outcome =
            await Command.Run(KilnProcess.Program, ["serve", "--data", Path.Combine(folder, "data"), option, value]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(sentence, outcome.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder, "data")));
        Directory.Delete(folder, recursive: true);
    }
}
