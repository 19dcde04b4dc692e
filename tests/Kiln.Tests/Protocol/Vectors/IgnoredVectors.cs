namespace Kiln.Tests.Protocol.Vectors;

/// <summary>The cases that say nothing about a server, each with the reason.</summary>
public static class IgnoredVectors
{
    private static readonly (string Direction, string Ids, string Reason)[] Ignored =
    [
        ("input", "SDKAppliedContentEncoding_ec2Query SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query "
            + "SDKAppliedContentEncoding_awsQuery SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery "
            + "SDKAppliedContentEncoding_awsJson1_1 SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1 "
            + "SDKAppliedContentEncoding_awsJson1_0 SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0 "
            + "SDKAppliedContentEncoding_restJson1 SDKAppendedGzipAfterProvidedEncoding_restJson1 "
            + "SDKAppliedContentEncoding_restXml SDKAppendedGzipAfterProvidedEncoding_restXml",
            "the case tells that a client compresses, and brings no body"),
        ("input", "Ec2ProtocolIdempotencyTokenAutoFill QueryProtocolIdempotencyTokenAutoFill "
            + "RestJsonQueryIdempotencyTokenAutoFill QueryIdempotencyTokenAutoFill",
            "the client fills the token in, so it is on the wire and not among the params"),
        ("input", "Ec2EmptyQueryLists QueryEmptyQueryMaps RestJsonHttpPrefixHeadersAreNotPresent "
            + "HttpPrefixHeadersAreNotPresent RestJsonOmitsEmptyListQueryValues",
            "the wire cannot tell an empty list or map from an absent one"),
        ("input", "AwsJson10EndpointTrait AwsJson10EndpointTraitWithHostLabel AwsJson10HostWithPath",
            "the case gives no headers, so nothing names the operation"),
        ("input", "RestJsonHostWithPath",
            "the prefix of the path belongs to the client's endpoint"),
        ("input", "RestJsonHttpWithEmptyStructurePayload RestJsonHttpWithHeadersButNoPayload",
            "a client sends {} for an absent payload, which a server reads as an empty one"),
        ("input", "MediaTypeHeaderInputBase64", "no service here has JSON values in headers"),
        ("output", "MediaTypeHeaderOutputBase64", "no service here has JSON values in headers"),
        ("output", "Ec2ComplexError QueryComplexError AwsJson11ComplexError AwsJson10ComplexError "
            + "RestJsonComplexErrorWithNoMessage ComplexError InvalidGreetingError",
            "errors here carry text members only"),
        ("output", "AwsJson11FooErrorUsingXAmznErrorType AwsJson11FooErrorUsingXAmznErrorTypeWithUri "
            + "AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace AwsJson11FooErrorUsingCode "
            + "AwsJson11FooErrorUsingCodeAndNamespace AwsJson11FooErrorUsingCodeUriAndNamespace "
            + "AwsJson10FooErrorUsingXAmznErrorType AwsJson10FooErrorUsingXAmznErrorTypeWithUri "
            + "AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace AwsJson10FooErrorUsingCode "
            + "AwsJson10FooErrorUsingCodeAndNamespace AwsJson10FooErrorUsingCodeUriAndNamespace "
            + "RestJsonFooErrorUsingXAmznErrorTypeWithUri RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace "
            + "RestJsonFooErrorUsingCode RestJsonFooErrorUsingCodeAndNamespace "
            + "RestJsonFooErrorUsingCodeUriAndNamespace "
            + "RestJsonFooErrorWithDunderType RestJsonFooErrorWithDunderTypeAndNamespace "
            + "RestJsonFooErrorWithDunderTypeUriAndNamespace",
            "a spelling that clients must understand; a server writes one, which other cases check"),
        ("output", "handles_unexpected_json_output AwsJson10HandlesUnexpectedJsonOutput AwsJson11DeserializeIgnoreType "
            + "AwsJson10DeserializeIgnoreType RestJsonDeserializeIgnoreType "
            + "AwsJson11StructuresDontDeserializeNullValues "
            + "AwsJson10DeserializeAllowNulls RestJsonDeserializesDenseSetMapAndSkipsNull "
            + "RestJsonDoesntDeserializeNullStructureValues",
            "what a client must skip: a server does not write nulls or members that nobody knows"),
        ("output", "QueryEmptyInputAndEmptyOutput QueryNoInputAndNoOutput QueryNoInputAndOutput",
            "a client takes an empty body; the service answers with its metadata always"),
        ("output", "RestXmlHttpResponseCode", "a content type without a body"),
    ];

    /// <summary>All ids in the list.</summary>
    public static IEnumerable<(string Direction, string Id)> All =>
        from entry in Ignored
        from id in entry.Ids.Split(' ')
        select (entry.Direction, id);

    /// <summary>Why a case is not replayed; null where it is.</summary>
    public static string? Reason(string direction, VectorCase vector)
    {
        foreach (var (where, ids, reason) in Ignored)
        {
            if (where == direction && ids.Split(' ').Contains(vector.Id)) return reason;
        }

        return null;
    }
}
