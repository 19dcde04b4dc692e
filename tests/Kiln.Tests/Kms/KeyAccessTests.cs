using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Kiln.Service.Calls;
using Kiln.Service.Kms;
using Kiln.Service.Persistence;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Kms;

public sealed class KeyAccessTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly string[] EbsActions =
        ["kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_account_needs_the_key_policy_and_its_own()
    {
        var key = await NewKey();
        var user = await server.Role(TestServer.B, "kms-user", Principals.Allow("kms:Encrypt", key.Arn));
        var nobody = await server.Role(TestServer.B, "kms-nobody");
        using var asUser = server.Kms(await server.Assume(user));
        using var asNobody = server.Kms(await server.Assume(nobody));

        Assert.Contains("no resource-based policy", await Refused(asUser, key.Arn), StringComparison.Ordinal);
        await Share(key.Arn, TestServer.B);

        await Encrypt(asUser, key.Arn);
        await Encrypt(server.Kms(TestServer.B), key.Arn);
        Assert.Contains("no identity-based policy", await Refused(asNobody, key.Arn), StringComparison.Ordinal);
        Assert.Contains("no resource-based policy",
            await Refused(server.Kms(TestServer.C), key.Arn), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_grant_gives_a_right_and_takes_it_back()
    {
        var key = await NewKey();
        var role = await server.Role(TestServer.A, "grantee");
        using var grantee = server.Kms(await server.Assume(role));
        await Refused(grantee, key.Arn);

        var grant = await server.Kms().CreateGrantAsync(new CreateGrantRequest
        {
            KeyId = key.Arn, GranteePrincipal = role, Operations = ["Encrypt", "RetireGrant"], Name = "one",
            Constraints = new Amazon.KeyManagementService.Model.GrantConstraints
            {
                EncryptionContextSubset = new Dictionary<string, string> { ["aws:ebs:id"] = "vol-1" },
            },
        }, Cancel);
        await Refused(grantee, key.Arn);
        await grantee.EncryptAsync(new EncryptRequest
        {
            KeyId = key.Arn,
            Plaintext = new MemoryStream([1]),
            EncryptionContext = new Dictionary<string, string> { ["aws:ebs:id"] = "vol-1", ["more"] = "x" },
        }, Cancel);
        var listed = await server.Kms().ListGrantsAsync(new ListGrantsRequest { KeyId = key.Arn }, Cancel);
        Assert.Equal(grant.GrantId, Assert.Single(listed.Grants).GrantId);

        await grantee.RetireGrantAsync(new RetireGrantRequest { GrantToken = grant.GrantToken }, Cancel);
        await Refused(grantee, key.Arn);
    }

    [Fact]
    public async Task A_grantee_cannot_give_more_than_it_has()
    {
        var key = await NewKey();
        var (one, two) = (await server.Role(TestServer.A, "giver"), await server.Role(TestServer.A, "taker"));
        using var giver = server.Kms(await server.Assume(one));
        await server.Kms().CreateGrantAsync(new CreateGrantRequest
        {
            KeyId = key.Arn, GranteePrincipal = one, Operations = ["Encrypt", "CreateGrant"],
        }, Cancel);

        await giver.CreateGrantAsync(
            new CreateGrantRequest { KeyId = key.Arn, GranteePrincipal = two, Operations = ["Encrypt"] }, Cancel);
        var refusal = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(() => giver.CreateGrantAsync(
            new CreateGrantRequest { KeyId = key.Arn, GranteePrincipal = two, Operations = ["Decrypt"] }, Cancel));

        Assert.Equal("AccessDeniedException", refusal.ErrorCode);
    }

    [Fact]
    public async Task A_policy_that_locks_its_writer_out_or_names_nobody_is_refused()
    {
        var key = await NewKey();
        foreach (var policy in new[]
        {
            Policy($"arn:aws:iam::{TestServer.B}:root"), Policy($"arn:aws:iam::{TestServer.A}:role/none"), "{}",
        })
        {
            await Assert.ThrowsAsync<MalformedPolicyDocumentException>(() => server.Kms().PutKeyPolicyAsync(
                new PutKeyPolicyRequest { KeyId = key.KeyId, Policy = policy }, Cancel));
        }
    }

    [Fact]
    public async Task EBS_may_use_what_its_caller_may()
    {
        var shared = await NewKey();
        await Share(shared.Arn, TestServer.B);
        var own = await NewKey();

        await using var scope = server.Server.Services.CreateAsyncScope();
        var keys = scope.ServiceProvider.GetRequiredService<KeyUse>();
        var ebs = await keys.EbsDefault(TestServer.A, "us-east-1", Cancel);
        await scope.ServiceProvider.GetRequiredService<Db>().SaveChangesAsync(Cancel);
        foreach (var action in EbsActions)
        {
            Assert.Null(await May(keys, TestServer.A, own.Arn, action));
            Assert.Null(await May(keys, TestServer.A, ebs.Arn, action));
            Assert.Null(await May(keys, TestServer.B, shared.Arn, action));
            Assert.NotNull(await May(keys, TestServer.B, own.Arn, action));
            Assert.NotNull(await May(keys, TestServer.B, ebs.Arn, action));
        }
        Assert.Null(await keys.Find(TestServer.A, "eu-west-1", own.Arn, Cancel));
    }

    [Fact]
    public async Task A_replica_is_taken_only_where_it_is_enabled_and_may_be_used()
    {
        var primary = (await server.Kms().CreateKeyAsync(
            new CreateKeyRequest { MultiRegion = true }, Cancel)).KeyMetadata;
        var europe = server.Kms(region: "eu-west-1");

        Assert.Null(await Replica(TestServer.A));
        await server.Kms().ReplicateKeyAsync(
            new ReplicateKeyRequest { KeyId = primary.KeyId, ReplicaRegion = "eu-west-1" }, Cancel);
        Assert.NotNull(await Replica(TestServer.A));
        Assert.Null(await Replica(TestServer.B));
        await europe.DisableKeyAsync(primary.KeyId, Cancel);
        Assert.Null(await Replica(TestServer.A));

        async Task<string?> Replica(string account)
        {
            await using var scope = server.Server.Services.CreateAsyncScope();
            var keys = scope.ServiceProvider.GetRequiredService<KeyUse>();
            var key = await keys.Find(TestServer.A, "us-east-1", primary.Arn, Cancel);
            return (await keys.ReplicaIn(key!, "eu-west-1", Caller.Root(account), Cancel))?.Arn;
        }
    }

    private static async Task<Kiln.Protocol.Errors.AwsException?> May(
        KeyUse keys, string account, string arn, string action)
    {
        var key = await keys.Find(account, "us-east-1", arn, Cancel);
        return await keys.MayUse(Caller.Root(account), key!, action);
    }

    private static string Policy(params string[] principals) =>
        $$"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*","Principal":{"AWS":
        ["{{string.Join("\",\"", principals)}}"] } } ] }
        """;

    private static Task<EncryptResponse> Encrypt(AmazonKeyManagementServiceClient kms, string key) =>
        kms.EncryptAsync(new EncryptRequest { KeyId = key, Plaintext = new MemoryStream([1]) }, Cancel);

    private static async Task<string> Refused(AmazonKeyManagementServiceClient kms, string key)
    {
        var refusal = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(() => Encrypt(kms, key));
        Assert.Equal("AccessDeniedException", refusal.ErrorCode);
        return refusal.Message;
    }

    private Task<PutKeyPolicyResponse> Share(string key, string account) => server.Kms().PutKeyPolicyAsync(
        new PutKeyPolicyRequest { KeyId = key, Policy = Policy($"arn:aws:iam::{TestServer.A}:root", account) }, Cancel);

    private async Task<Amazon.KeyManagementService.Model.KeyMetadata> NewKey() =>
        (await server.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
}
