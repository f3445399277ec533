package org.example.build

import groovy.transform.CompileStatic

/**
 * Runs the steps of a build one after the other.
 */
@CompileStatic
class Pipeline {
    static final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPSfinal int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS atic final int MAX_STEPS = 20

    String name
    private List steps = []
    def listener = null

    Pipeli