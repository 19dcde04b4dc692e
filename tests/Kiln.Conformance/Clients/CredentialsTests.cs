using System.Net;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Clients;

/// <summary>What the first start writes is all a client needs; without <c>--dev</c> nothing else will do.</summary>
public sealed class CredentialsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_start_writes_a_profile_that_the_cli_uses_and_test_test_is_refused()
    {
        Assert.SkipUnless(File.Exists(AwsCli.Program), "The aws CLI is not installed (Debian's package awscli).");
        await using var kiln = new KilnProcess { IsDevelopment = false };
        await kiln.InitializeAsync();
        var file = Path.Combine(kiln.DataFolder, "credentials");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

        foreach (var profile in new[] { null, "default" })
        {
            var outcome = await Cli(kiln, "sts get-caller-identity --query Account --output text", v =>
            {
                v["AWS_SHARED_CREDENTIALS_FILE"] = file;
                v["AWS_ACCESS_KEY_ID"] = v["AWS_SECRET_ACCESS_KEY"] = null;
                v["AWS_PROFILE"] = profile;
            });
            Assert.True(outcome.ExitCode == 0, outcome.Errors);
            Assert.Matches("^[0-9]{12}$", outcome.Output.Trim());
        }

        foreach (var id in new[] { "test", KilnProcess.A })
        {
            Assert.Equal("AuthFailure",
                (await Cli(kiln, "ec2 describe-images --owners self", v => v["AWS_ACCESS_KEY_ID"] = id)).ErrorCode);
            Assert.Equal("InvalidClientTokenId",
                (await Cli(kiln, "sts get-caller-identity", v => v["AWS_ACCESS_KEY_ID"] = id)).ErrorCode);
        }
        var secret = await Cli(kiln, "sts get-caller-identity", v =>
            v["AWS_ACCESS_KEY_ID"] = File.ReadLines(file)
                .First(l => l.StartsWith("aws_access_key_id", StringComparison.Ordinal)).Split('=')[1].Trim());
        Assert.Equal("SignatureDoesNotMatch", secret.ErrorCode);

        using var http = new HttpClient();
        using var clock = await http.PostAsync(new Uri($"{kiln.Url}/_kiln/clock?advance=1d"), null, Cancel);
        Assert.NotEqual(HttpStatusCode.OK, clock.StatusCode);

        // A second start keeps the account and its key.
        var written = await File.ReadAllTextAsync(file, Cancel);
        await kiln.Stop();
        await kiln.Start();
        Assert.Equal(written, await File.ReadAllTextAsync(file, Cancel));
    }

    [Fact]
    public async Task Development_lets_test_test_be_the_first_account()
    {
        Assert.SkipUnless(File.Exists(AwsCli.Program), "The aws CLI is not installed (Debian's package awscli).");
        await using var kiln = new KilnProcess();
        await kiln.InitializeAsync();
        foreach (var (id, account) in new[] { ("test", "000000000000"), (KilnProcess.B, KilnProcess.B) })
        {
            var outcome = await Cli(kiln, "sts get-caller-identity --query Account --output text", v =>
                v["AWS_ACCESS_KEY_ID"] = id);
            Assert.Equal(account, outcome.Output.Trim());
        }
        Assert.Equal("SignatureDoesNotMatch", (await Cli(kiln, "sts get-caller-identity", v =>
            v["AWS_SECRET_ACCESS_KEY"] = "wrong")).ErrorCode);
    }

    private static Task<Outcome> Cli(KilnProcess kiln, string arguments, Action<Dictionary<string, string?>> change)
    {
        var variables = kiln.Variables(KilnProcess.A, KilnProcess.R1);
        change(variables);
        return Command.Run(
            AwsCli.Program, ["--endpoint-url", kiln.Url, .. arguments.Split(' ')], variables, kiln.Folder);
    }
}
