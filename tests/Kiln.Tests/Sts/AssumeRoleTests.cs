using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Sts;

public sealed class AssumeRoleTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_says_whose_it_is()
    {
        var role = await server.Role(TestServer.A, "whoami");
        var assumed = await server.Sts().AssumeRoleAsync(
            new AssumeRoleRequest { RoleArn = role, RoleSessionName = "me@work", DurationSeconds = 900 }, Cancel);

        using var sts = server.Sts(assumed.Credentials);
        var who = await sts.GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);

        Assert.Equal($"arn:aws:sts::{TestServer.A}:assumed-role/whoami/me@work", who.Arn);
        Assert.Equal(assumed.AssumedRoleUser.AssumedRoleId, who.UserId);
        Assert.StartsWith("ASIA", assumed.Credentials.AccessKeyId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_account_needs_the_roles_trust_and_its_external_id()
    {
        var role = await server.Role(TestServer.A, "shared", trust: Principals.Trust(
            $"arn:aws:iam::{TestServer.B}:root", """{"StringEquals":{"sts:ExternalId":"42"}}"""));
        var request = new AssumeRoleRequest { RoleArn = role, RoleSessionName = "test" };

        Assert.Equal("AccessDenied", await Refused(server.Sts(TestServer.C), request));
        Assert.Equal("AccessDenied", await Refused(server.Sts(TestServer.B), request));
        Assert.Equal("AccessDenied", await Refused(server.Sts(TestServer.A), request));
        request.ExternalId = "42";
        var session = await server.Sts(TestServer.B).AssumeRoleAsync(request, Cancel);

        using var sts = server.Sts(session.Credentials);
        Assert.Equal(TestServer.A, (await sts.GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel)).Account);
    }

    [Fact]
    public async Task A_chained_session_needs_its_own_permission_and_lasts_an_hour()
    {
        var second = await server.Role(TestServer.B, "second", trust: Principals.Trust(TestServer.A));
        var weak = await server.Role(TestServer.A, "weak");
        var strong = await server.Role(TestServer.A, "strong", Principals.Allow("sts:AssumeRole", second));
        var request = new AssumeRoleRequest { RoleArn = second, RoleSessionName = "chained" };

        using var weakSts = server.Sts(await server.Assume(weak));
        Assert.Equal("AccessDenied", await Refused(weakSts, request));
        using var strongSts = server.Sts(await server.Assume(strong));
        await strongSts.AssumeRoleAsync(request, Cancel);
        await server.Iam(TestServer.B).Ok("UpdateRole", ("RoleName", "second"), ("MaxSessionDuration", "43200"));
        request.DurationSeconds = 7200;
        Assert.Equal("ValidationError", await Refused(strongSts, request));
    }

    [Fact]
    public async Task Keys_end_by_the_domain_clock()
    {
        await using var own = new TestServer();
        await own.InitializeAsync();
        var keys = await own.Assume(await own.Role(TestServer.A, "brief"));
        using var sts = own.Sts(keys);
        await sts.GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);

        await own.Advance(TimeSpan.FromHours(1) + TimeSpan.FromMinutes(1));

        var refusal = await Assert.ThrowsAnyAsync<AmazonSecurityTokenServiceException>(
            () => sts.GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel));
        Assert.Contains("ExpiredToken", refusal.ErrorCode, StringComparison.Ordinal);
        await own.Advance(TimeSpan.FromDays(2));
        await TestServer.Eventually(
            () => own.WithDb(async db => await db.AccessKeys.FindAsync([keys.AccessKeyId], Cancel) is null),
            gone => gone);
    }

    [Fact]
    public async Task A_wrong_session_token_is_refused()
    {
        var keys = await server.Assume(await server.Role(TestServer.A, "token"));
        keys.SessionToken += "x";
        using var sts = server.Sts(keys);

        var refusal = await Assert.ThrowsAnyAsync<AmazonSecurityTokenServiceException>(
            () => sts.GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel));

        Assert.Equal("InvalidClientTokenId", refusal.ErrorCode);
    }

    [Fact]
    public async Task A_session_does_not_pass_to_a_later_role_of_the_same_name()
    {
        var keys = await server.Assume(await server.Role(TestServer.A, "again"));
        await server.Iam().Ok("DeleteRole", ("RoleName", "again"));
        await server.Role(TestServer.A, "again", Principals.Allow("*"));
        using var kms = server.Kms(keys);

        await Assert.ThrowsAnyAsync<Amazon.KeyManagementService.AmazonKeyManagementServiceException>(
            () => kms.ListKeysAsync(new Amazon.KeyManagementService.Model.ListKeysRequest(), Cancel));
    }

    [Fact]
    public async Task A_session_policy_narrows_and_never_widens()
    {
        var role = await server.Role(TestServer.A, "narrow", Principals.Allow("kms:List*"));
        using var narrowed = server.Kms(await server.Assume(role, policy: Principals.Allow("kms:ListAliases")));
        using var widened = server.Kms(await server.Assume(role, policy: Principals.Allow("*")));
        var keys = new Amazon.KeyManagementService.Model.ListKeysRequest();
        var aliases = new Amazon.KeyManagementService.Model.ListAliasesRequest();

        await narrowed.ListAliasesAsync(aliases, Cancel);
        await widened.ListKeysAsync(keys, Cancel);
        await Assert.ThrowsAnyAsync<Amazon.KeyManagementService.AmazonKeyManagementServiceException>(
            () => narrowed.ListKeysAsync(keys, Cancel));
        await Assert.ThrowsAnyAsync<Amazon.KeyManagementService.AmazonKeyManagementServiceException>(
            () => widened.CreateKeyAsync(new Amazon.KeyManagementService.Model.CreateKeyRequest(), Cancel));
        Assert.Equal("MalformedPolicyDocument", await Refused(
            server.Sts(), new AssumeRoleRequest { RoleArn = role, RoleSessionName = "test", Policy = "{}" }));
        Assert.Equal("PackedPolicyTooLarge", await Refused(server.Sts(), new AssumeRoleRequest
        {
            RoleArn = role, RoleSessionName = "test", Policy = Principals.Allow("ec2:*") + new string(' ', 2048),
        }));
    }

    [Fact]
    public async Task GetSessionToken_gives_the_callers_rights_for_a_time()
    {
        var keys = (await server.Sts(TestServer.B).GetSessionTokenAsync(
            new GetSessionTokenRequest { DurationSeconds = 900 }, Cancel)).Credentials;
        using var sts = server.Sts(keys);

        var who = await sts.GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);

        Assert.Equal($"arn:aws:iam::{TestServer.B}:root", who.Arn);
        var refusal = await Assert.ThrowsAnyAsync<AmazonSecurityTokenServiceException>(
            () => sts.GetSessionTokenAsync(new GetSessionTokenRequest(), Cancel));
        Assert.Equal("AccessDenied", refusal.ErrorCode);
        var info = await server.Sts().GetAccessKeyInfoAsync(
            new GetAccessKeyInfoRequest { AccessKeyId = keys.AccessKeyId }, Cancel);
        Assert.Equal(TestServer.B, info.Account);
    }

    private static async Task<string> Refused(AmazonSecurityTokenServiceClient sts, AssumeRoleRequest request) =>
        (await Assert.ThrowsAnyAsync<AmazonSecurityTokenServiceException>(
            () => sts.AssumeRoleAsync(request, Cancel))).ErrorCode;
}
